"""A model that speaks for its own process is not believed: nonsense is dropped, and the engine's memory stays."""

import math
import struct
from typing import Any

import msgspec
import psutil
import pytest

from engine.processes import wire
from engine.processes.client import ModelProcessError
from engine.processes.protocol import (
    MAXIMUM_MESSAGE,
    AnswerSome,
    Confined,
    Evaluated,
    Failed,
    LatencyMeasured,
    Loaded,
    MeasureLatency,
    Progress,
    SomeAnswered,
)
from engine.protocols import TensorSpec
from storage.records import ExampleValues, Metric
from storage.settings import Preprocess
from storage.vocabulary import OutputScale
from tests.hostile.workbench import Bench

HONEST = Evaluated(
    rows=2,
    dataset_sha256="0" * 64,
    batch_size=2,
    duration_s=0.0001,
    metrics=(Metric("accuracy", 1.0, 0.3, 1.0, 2),),
    confusion=((1, 0), (0, 1)),
    correct=b"\xc0",
    examples=(ExampleValues("target", "u1", b"\0\1"), ExampleValues("log_loss", "f4", b"\0\0\x80\x3f" * 2)),
)


def with_metric(value: float, low: float | None = None, high: float | None = None, n: int = 2) -> Evaluated:
    """Return the honest answer with another metric."""
    return msgspec.structs.replace(HONEST, metrics=(Metric("accuracy", value, low, high, n),))


def with_(**changes: object) -> Evaluated:
    """Return the honest answer with other fields."""
    return msgspec.structs.replace(HONEST, **changes)


ANSWERS = {
    "garbage": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a length of 0": struct.pack("<I", 0) + b"x",
    "an announced gigabyte": struct.pack("<I", 1 << 30) + b"x" * 100,
    "one byte too many": struct.pack("<I", MAXIMUM_MESSAGE + 1),
    "no msgpack": struct.pack("<I", 4) + b"\xc1\xc1\xc1\xc1",
    "an unknown message": wire.frame(msgspec.defstruct("Surprise", [], tag=True)()),
    "a message for another question": wire.frame(Confined({}, {})),
    "nested without end": struct.pack("<I", 100_000) + b"\x91" * 100_000,
    "no rows": wire.frame(with_(rows=0, confusion=None, correct=None)),
    "a negative batch": wire.frame(with_(batch_size=-1)),
    "no time": wire.frame(with_(duration_s=-1.0)),
    "more time than passed": wire.frame(with_(duration_s=3600.0)),
    "NaN time": wire.frame(with_(duration_s=math.nan)),
    "no digest": wire.frame(with_(dataset_sha256="<b>")),
    "outcomes of other data": wire.frame(with_(correct=b"\xc0\xc0")),
    "values of other data": wire.frame(with_(examples=(ExampleValues("mae", "f4", b"\0" * 12),))),
    "values in halves": wire.frame(with_(examples=(ExampleValues("mae", "f4", b"\0" * 7),))),
    "values that are NaN": wire.frame(with_(examples=(ExampleValues("mae", "f4", b"\0\0\xc0\x7f" * 2),))),
    "values that are infinite": wire.frame(
        with_(examples=(ExampleValues("mae", "f4", b"\0\0\x80\x7f" * 2),))
    ),
    "values twice": wire.frame(with_(examples=(ExampleValues("mae", "u1", b"\0" * 2),) * 2)),
    "values without a name": wire.frame(with_(examples=(ExampleValues("\x1b[2J", "u1", b"\0" * 2),))),
    "too many values": wire.frame(
        with_(examples=tuple(ExampleValues(str(name), "u1", b"\0" * 2) for name in range(17)))
    ),
    "a crooked matrix": wire.frame(with_(confusion=((2, 0),))),
    "a matrix of other data": wire.frame(with_(confusion=((5, 0), (0, 1)))),
    "a negative count": wire.frame(with_(confusion=((3, -1), (0, 0)))),
    "a NaN metric": wire.frame(with_metric(math.nan)),
    "an infinite metric": wire.frame(with_metric(math.inf)),
    "a metric outside its interval": wire.frame(with_metric(0.5, 0.6, 0.7)),
    "a NaN interval": wire.frame(with_metric(0.5, math.nan, 0.7)),
    "a negative sample": wire.frame(with_metric(0.5, 0.4, 0.6, -3)),
    "progress beyond the end": wire.frame(Progress(5, 2)),
    "negative progress": wire.frame(Progress(-5, 2)),
}


@pytest.mark.parametrize("forged", ANSWERS.values(), ids=ANSWERS)
def test_nonsense_is_dropped(bench: Bench, forged: bytes) -> None:
    """An answer that cannot be true ends the process with one sentence, and no figure of it comes through."""
    bench.artefact.write_bytes(forged)
    process = bench.open("forging")
    with pytest.raises(ModelProcessError, match=r"^The model process answered nonsense while it") as caught:
        bench.evaluate(process)
    assert caught.value.code == "nonsense"
    assert not process.alive
    process.close()


SOME = {
    "no rows": {"rows": 0},
    "no digest": {"dataset_sha256": "x"},
    "answers to fewer examples": {"right": b""},
    "answers to more examples": {"right": b"\xc0\xc0"},
    "no scale": {"scale": None},
}


@pytest.mark.parametrize("lie", SOME.values(), ids=SOME)
def test_impossible_answers_to_some_examples_are_dropped(bench: Bench, lie: dict[str, Any]) -> None:
    """They are about as many examples as were asked for, and say which data those are of."""
    told = SomeAnswered(2, "0" * 64, b"\xc0", several=False, scale=OutputScale.SCORES)
    bench.artefact.write_bytes(wire.frame(msgspec.structs.replace(told, **lie)))
    process = bench.open("forging")
    request = AnswerSome(str(bench.data), (), Preprocess(), b"\0\0\0\0\1\0\0\0", batch_size=2)
    with pytest.raises(ModelProcessError, match="nonsense while it was evaluated"):
        process.answer_some(request, on_progress=lambda _done, _total: None, deadline_s=20)
    process.close()


def test_honest_forgery_comes_through(bench: Bench) -> None:
    """The same way of answering with true figures is accepted: the tests above fail for their figures alone."""
    bench.artefact.write_bytes(wire.frame(HONEST))
    process = bench.open("forging")
    assert bench.evaluate(process) == HONEST
    process.close()


def test_hostile_words_are_cleaned(bench: Bench) -> None:
    """Names, versions and reasons arrive without control characters, and short."""
    bench.artefact.write_bytes(wire.frame(Failed("\x1b]0;pwned\x07no\u202e" + "x" * 10_000, "\x9b31m")))
    process = bench.open("forging")
    with pytest.raises(ModelProcessError) as caught:
        bench.evaluate(process)
    assert caught.value.message.isprintable()
    assert caught.value.hint.isprintable()
    assert len(caught.value.message) <= 401
    process.close()
    tensor = TensorSpec("\x1b[2J" + "n" * 5000, None, "\x00")
    bench.artefact.write_bytes(wire.frame(Loaded((tensor,), (), 1, {"\x1b": "\u202e1"}, 0.0, 0)))
    process = bench.open("forging_now")
    (found,) = process.loaded.inputs
    assert found.name.isprintable()
    assert found.dtype.isprintable()
    assert len(found.name) <= 121
    assert process.loaded.versions == {"\ufffd": "\ufffd1"}
    process.close()


def test_engine_measures_load_and_memory_itself(bench: Bench) -> None:
    """What a process claims about its own loading time and memory is replaced by what the engine saw."""
    bench.artefact.write_bytes(wire.frame(Loaded((), (), 1, {}, 1e9, 1)))
    process = bench.open("forging_now")
    assert 0 < process.loaded.load_s < 5
    assert process.loaded.peak_rss_bytes > 1_000_000
    process.close()


DESCRIPTIONS = {
    "fewer than no parameters": Loaded((), (), -1, {}, 0.0, 0),
    "more parameters than can be counted": Loaded((), (), 1 << 63, {}, 0.0, 0),
    "a negative size": Loaded((TensorSpec("x", (-1,), "float32"),), (), 1, {}, 0.0, 0),
    "a thousand axes": Loaded((), (TensorSpec("x", (1,) * 1000, "float32"),), 1, {}, 0.0, 0),
    "ten thousand inputs": Loaded((TensorSpec("x", None, ""),) * 10_000, (), 1, {}, 0.0, 0),
}


@pytest.mark.parametrize("told", DESCRIPTIONS.values(), ids=DESCRIPTIONS)
def test_impossible_descriptions_are_dropped(bench: Bench, told: Loaded) -> None:
    """What a model says that it is goes on record, so that it must be possible."""
    bench.artefact.write_bytes(wire.frame(told))
    with pytest.raises(ModelProcessError, match="nonsense while it was loaded"):
        bench.open("forging_now")


LATENCIES = {
    "none": (),
    "negative": (-1.0,),
    "NaN": (math.nan,),
    "infinite": (math.inf,),
    "zero": (0.0,),
    "more than asked for": (0.001,) * 11,
    "longer than it took": (60_000.0,),
}


@pytest.mark.parametrize("latencies", LATENCIES.values(), ids=LATENCIES)
def test_impossible_durations_are_dropped(bench: Bench, latencies: tuple[float, ...]) -> None:
    """Durations that cannot have been measured are nonsense."""
    bench.artefact.write_bytes(wire.frame(LatencyMeasured(latencies, 0, stable=True, elapsed_s=0.001)))
    process = bench.open("forging")
    with pytest.raises(ModelProcessError, match="nonsense while its latency was measured"):
        process.measure_latency(
            MeasureLatency(str(bench.data), Preprocess(), 10, 1.0),
            on_progress=lambda _done, _total: None,
            deadline_s=20,
        )
    process.close()


FIGURES = {
    "no time at all": {"elapsed_s": 0.0},
    "more time than there was": {"elapsed_s": 3600.0},
    "no end of time": {"elapsed_s": math.nan},
    "negative warm-up": {"warmup": -1},
    "unserved without traffic": {"unserved": 1},
    "fewer than none unserved": {"unserved": -1},
}


@pytest.mark.parametrize("lie", FIGURES.values(), ids=FIGURES)
def test_impossible_figures_of_a_timing_are_dropped(bench: Bench, lie: dict[str, Any]) -> None:
    """What is told beside the durations must agree with them and with the clock."""
    told = LatencyMeasured((0.001,), 0, stable=True, elapsed_s=0.001)
    bench.artefact.write_bytes(wire.frame(msgspec.structs.replace(told, **lie)))
    process = bench.open("forging")
    with pytest.raises(ModelProcessError, match="nonsense while its latency was measured"):
        process.measure_latency(
            MeasureLatency(str(bench.data), Preprocess(), 10, 1.0),
            on_progress=lambda _done, _total: None,
            deadline_s=20,
        )
    process.close()


def test_answer_before_the_question_is_nonsense(bench: Bench) -> None:
    """A process cannot leave an answer in store for a question that comes later."""
    bench.artefact.write_bytes(wire.frame(Loaded((), (), 1, {}, 0.0, 0)) + wire.frame(HONEST))
    process = bench.open("forging_now")
    with pytest.raises(ModelProcessError, match="an answer without a question"):
        bench.evaluate(process)
    process.close()


def test_amplified_message_is_bounded(bench: Bench) -> None:
    """A message of sixteen million one-byte numbers, each 32 bytes when decoded, is refused before it is."""
    count = MAXIMUM_MESSAGE - 100
    head = msgspec.msgpack.encode(
        {"type": "LatencyMeasured", "warmup": 0, "stable": True, "latencies_ms": []}
    )
    payload = head[:-1] + b"\xdd" + struct.pack(">I", count) + b"\x01" * count
    payload = payload[:MAXIMUM_MESSAGE]
    bench.artefact.write_bytes(struct.pack("<I", len(payload)) + payload)
    process = bench.open("forging")
    before = psutil.Process().memory_info().rss
    with pytest.raises(ModelProcessError, match=r"nonsense .* length <= 1000000"):
        bench.evaluate(process)
    assert psutil.Process().memory_info().rss - before < 128 * 1024**2
    process.close()


def test_progress_flood_is_thinned(bench: Bench) -> None:
    """A process that tells progress without end wakes its listener a few times, and meets its deadline."""
    bench.artefact.write_bytes(wire.frame(Progress(1, 2)) * 200_000)
    process = bench.open("forging")
    heard: list[int] = []
    with pytest.raises(ModelProcessError, match=r"did not answer within 1 s"):
        process.evaluate(bench.request(), on_progress=lambda done, _total: heard.append(done), deadline_s=1)
    assert 1 <= len(heard) <= 25
    process.close()
