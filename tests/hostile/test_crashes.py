"""A model that crashes, hangs, exits, floods or devours fails its own job, in one sentence, and nothing else."""

import os
import time
from pathlib import Path

import pytest

from engine.processes.client import ModelProcessError
from storage.errors import JobError
from storage.settings import LimitSettings
from tests.hostile.workbench import LIMITS, MODULES, Bench

LONG_S = LIMITS.load_s
"""What a test would take that waited for the bench's own deadline; what is noticed takes a fraction of a second."""

ENDINGS = [
    ("segfault", "The model crashed while it was loaded (SIGSEGV)."),
    (
        "aborting",
        'The model crashed while it was loaded (SIGABRT). Its last words: "\ufffd]0;pwned\ufffdterminate called: tensor \ufffd31mis broken".',
    ),
    ("exits_well", "The model process exited with status 0 while it was loaded, without an answer."),
    ("exits_badly", "The model process exited with status 3 while it was loaded, without an answer."),
    ("asks_to_exit", "The model asked Python to exit instead of answering."),
    ("devours", "The model needs more memory than its limit of 0.5 GiB."),
    ("devours_natively", "The model needs more memory than its limit of 0.5 GiB."),
    (
        "hoards_files",
        "The model wrote more than 8 MiB of scratch files while it was loaded; it was stopped.",
    ),
]


@pytest.mark.parametrize(("loader", "sentence"), ENDINGS, ids=[loader for loader, _ in ENDINGS])
def test_ending_is_one_sentence(bench: Bench, loader: str, sentence: str) -> None:
    """However a model ends while it is loaded, its error says so in one sentence that is safe to show."""
    with pytest.raises(ModelProcessError) as caught:
        bench.open(loader)
    assert isinstance(caught.value, JobError)
    assert caught.value.message == sentence


def test_what_it_printed_before_its_last_words_is_in_the_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """The lines before the last one say where it happened: they are logged, cleaned and not without end, and the hint says so."""
    with pytest.raises(ModelProcessError) as caught:
        bench.open("explains")
    assert caught.value.message.endswith('(SIGABRT). Its last words: "Check failed: rank".')
    assert caught.value.hint.endswith("is in the engine's log: modeltender engine logs")
    [told] = [record.getMessage() for record in caplog.records if "It printed:" in record.getMessage()]
    assert 'Fatal: in kernel\nFile "layer.py", line 7, in \ufffd[31mcall\nCheck failed: rank' in told
    assert "noise 99" in told
    assert "noise 50\n" not in told


def test_without_more_to_tell_no_log_is_named(bench: Bench) -> None:
    """Who looks there for more than the sentence has would find nothing."""
    with pytest.raises(ModelProcessError) as caught:
        bench.open("aborting")
    assert caught.value.hint == ""


@pytest.mark.parametrize("loader", [loader for loader, _ in ENDINGS])
def test_neighbours_go_on(bench: Bench, loader: str) -> None:
    """While one model ends badly, another one keeps its process, and the host forks the next good model."""
    with_host = bench.open()
    host = bench.host_pid()
    with pytest.raises(ModelProcessError):
        bench.open(loader)
    assert bench.evaluate(with_host).metrics[0].value == 1.0
    after = bench.open()
    assert bench.evaluate(after).rows == 2
    assert bench.host_pid() == host
    for process in (with_host, after):
        process.close()
    assert not bench.processes()


def test_crash_is_noticed_at_once(bench: Bench) -> None:
    """A crash is reported when it happens, long before any deadline."""
    bench.open().close()
    began = time.monotonic()
    with pytest.raises(ModelProcessError):
        bench.open("segfault")
    assert time.monotonic() - began < LONG_S


def test_crash_while_asked_ends_the_process(bench: Bench) -> None:
    """A model that crashes while it is evaluated is named so, and its process is no longer alive."""
    process = bench.open("crashing")
    with pytest.raises(ModelProcessError, match=r"^The model crashed while it was evaluated \(SIGSEGV\)\.$"):
        bench.evaluate(process)
    assert not process.alive
    assert process.rss_bytes() is None
    process.close()


def test_honest_failure_keeps_the_process(bench: Bench) -> None:
    """A model that says why it cannot answer keeps its process, and the next question gets the same reason."""
    process = bench.open("failing")
    for _ in range(2):
        with pytest.raises(ModelProcessError, match="matrices do not fit"):
            bench.evaluate(process)
        assert process.alive
    process.close()


def test_flood_neither_blocks_nor_grows(bench: Bench) -> None:
    """A model that prints 100 MB loads all the same, and the engine keeps only the end of it."""
    process = bench.open("floods")
    assert process.alive
    assert len(process._conversation._printed) <= 16 * 1024
    process.close()


def test_closed_connection_is_an_ending(bench: Bench) -> None:
    """A model that closes its connection and stays is stopped soon, without waiting for a deadline."""
    began = time.monotonic()
    with pytest.raises(
        ModelProcessError, match=r"^The model closed its connection while it was loaded; it was"
    ):
        bench.open("closes_everything")
    assert time.monotonic() - began < LONG_S
    assert not bench.processes()


@pytest.mark.parametrize("loader", ["loops", "floods_for_ever"])
def test_deadline_of_loading_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: str) -> None:
    """A model that never finishes loading is stopped at the deadline, whatever it does meanwhile."""
    monkeypatch.setenv("PYTHONPATH", str(MODULES))
    hurried = Bench(tmp_path, LimitSettings(load_s=1, memory_gib=0.5))
    try:
        hurried.open().close()
        with pytest.raises(ModelProcessError) as caught:
            hurried.open(loader)
        assert (
            caught.value.message == "The model did not answer within 1 s while it was loaded; it was stopped."
        )
        assert not hurried.processes()
    finally:
        hurried.hosts.close()


def test_deadline_of_evaluating_holds(bench: Bench) -> None:
    """A model that never answers is stopped at the deadline of its evaluation."""
    process = bench.open("hanging")
    began = time.monotonic()
    with pytest.raises(ModelProcessError) as caught:
        bench.evaluate(process, deadline_s=0.5)
    assert time.monotonic() - began >= 0.5
    assert (
        caught.value.message
        == "The model did not answer within 0.5 s while it was evaluated; it was stopped."
    )
    assert caught.value.code == "deadline"
    assert not process.alive
    process.close()


def test_cancelling_stops_within_moments(bench: Bench) -> None:
    """Work that is cancelled ends long before its deadline, with the code of cancelled work."""
    process = bench.open("hanging")
    began = time.monotonic()
    with pytest.raises(ModelProcessError) as caught:
        process.evaluate(
            bench.request(),
            on_progress=lambda _done, _total: None,
            deadline_s=60,
            cancelled=lambda: time.monotonic() - began > 0.3,
        )
    assert time.monotonic() - began < 60
    assert caught.value.code == "cancelled"
    assert not process.alive
    process.close()


def test_listener_that_fails_ends_the_work(bench: Bench) -> None:
    """An error of whoever listens to progress comes through, and leaves no process in the middle of something."""
    process = bench.open()

    def fail(_done: int, _total: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        process.evaluate(bench.request(), on_progress=fail, deadline_s=20)
    assert not process.alive
    process.close()


def test_idle_model_burns_nothing(bench: Bench) -> None:
    """A model with a busy thread gets no CPU between two questions, and still answers the second one."""
    process = bench.open("busy")

    def threads() -> list[list[str]]:
        """Return what the system says of each thread, from its state on."""
        files = Path(f"/proc/{process.pid}/task").glob("*/stat")
        return [file.read_text().rpartition(")")[2].split() for file in files]

    # On a busy machine a thread hears late that it is to stop.
    while {fields[0] for fields in threads()} != {"T"}:
        time.sleep(0.005)
    before = [fields[11:13] for fields in threads()]
    time.sleep(0.3)
    assert len(before) >= 2
    assert [fields[11:13] for fields in threads()] == before
    assert bench.evaluate(process).rows == 2
    process.close()


def test_cpu_time_is_limited(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that uses up the CPU time of its request is ended by the kernel, and the sentence says what ran out."""
    process = bench.open("hanging")
    monkeypatch.setattr("engine.processes.oversight.CPU_SLACK_S", 1 - 10 * (os.cpu_count() or 1))
    with pytest.raises(ModelProcessError, match=r"^The model ran out of CPU time while it was evaluated\.$"):
        bench.evaluate(process, deadline_s=10)
    process.close()


def test_deep_scratch_is_swept(bench: Bench) -> None:
    """A scratch folder nested beyond any stack and any path is removed like any other."""
    process = bench.open("nests")
    process.close()
    assert not (bench.scratch / Path(process._profile.scratch).name).exists()
