"""Comparisons that stop early where the data are not what they were, or the outputs not what they looked like."""

import os

import numpy as np
import pytest

from engine.jobs import early
from engine.processes.model_process import ModelProcess
from engine.processes.protocol import AnswerSome, SomeAnswered
from storage.comparisons import Early
from storage.errors import JobError
from storage.tables import events
from tests.artefacts import record_version
from tests.tiny_models import digits, onnx_model
from tests.unit.engine.jobs.test_early import MODEL, SETTINGS, Bench, bench

__all__ = ["bench"]


def write(bench: Bench, pixel: int) -> None:
    """Write the test data at once, with one pixel of the last image so bright."""
    images, classes = (array[1000:].copy() for array in digits())
    images[-1, 0, 0] = pixel
    folder = bench.context.workspace.test / MODEL
    np.savez(folder / "new.npz.part", x=images, y=classes)
    (folder / "new.npz.part.npz").replace(folder / "test.npz")


def dazzled(bench: Bench) -> None:
    """Put version 4 in place: the classifier, whose outputs are probabilities for all but bright images."""
    from onnx import TensorProto, helper, numpy_helper

    model = onnx_model()
    softmax = model.graph.node[2]
    softmax.output[0] = "plain"
    model.graph.node.extend(
        [
            helper.make_node("Sub", ["flat", "one"], ["over"]),
            helper.make_node("Relu", ["over"], ["bright"]),
            helper.make_node("ReduceMax", ["bright"], ["most"], axes=[1], keepdims=1),
            helper.make_node("Add", ["plain", "most"], ["probabilities"]),
        ]
    )
    model.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), "one"))
    assert model.graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT
    file = bench.context.workspace.version_folder(MODEL, 4) / "model.onnx"
    file.parent.mkdir(parents=True)
    file.write_bytes(model.SerializeToString())
    with bench.context.writer.transaction() as connection:
        record_version(connection, MODEL, 4, file)


def test_answers_that_a_later_one_shows_to_be_read_wrongly_are_asked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What looked like probabilities for hundreds of examples were none: all are read as what they are, and none is left out."""
    write(bench, 64)
    dazzled(bench)
    # The bright one comes last, and with no margin nothing is decided before.
    monkeypatch.setattr(early, "_order", lambda data, *_versions: np.arange(data.rows, dtype=np.uint32))
    bench.context.workspace.model_settings(MODEL).write_text(SETTINGS.replace("0.02", "0"))
    found = bench.compare(1, 4)
    assert found.early == Early(used=797, examples=797, decided=False, ran=(1, 4))
    assert (found.gained, found.lost) == (0, 0)
    portions = [done for done, _total, message in bench.listener.heard if message]
    assert portions.count(portions[0]) == 2
    assert portions[-1] == 797


@pytest.mark.parametrize("questions", [1, 2, 3])
def test_data_that_change_while_they_are_read_decide_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, questions: int
) -> None:
    """Between the two versions, or between two portions: both have to answer the same examples."""
    answer, asked = ModelProcess.answer_some, list[str]()

    def changes(process: ModelProcess, request: AnswerSome, **named: object) -> SomeAnswered:
        answered = answer(process, request, **named)  # type: ignore[arg-type]
        asked.append(request.data)
        if len(asked) == questions:
            write(bench, 3)
        return answered

    monkeypatch.setattr(ModelProcess, "answer_some", changes)
    with pytest.raises(JobError, match="The data changed while they were read") as caught:
        bench.compare(1, 3)
    assert caught.value.hint == "Try again when they are complete."
    with bench.context.writer.transaction() as connection:
        assert "compared" not in {event.code for event in events.read(connection, limit=10)}
    assert os.listdir(bench.context.workspace.test / MODEL)  # noqa: PTH208 - the data are theirs


def test_who_has_seen_enough_waits_for_no_further_look(bench: Bench) -> None:
    """The end is asked for between two looks: no further example is answered."""
    bench.context.workspace.model_settings(MODEL).write_text(SETTINGS.replace("0.02", "0"))
    listener = bench.listener
    listener.cancelled = lambda: any(message for _, _, message in listener.heard)  # type: ignore[method-assign]
    with pytest.raises(JobError) as caught:
        bench.compare(1, 2)
    assert caught.value.code == "cancelled"
    assert len([message for _, _, message in listener.heard if message]) == 1
