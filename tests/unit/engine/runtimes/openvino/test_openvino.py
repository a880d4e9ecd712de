"""OpenVINO's graphs: what is known of them without OpenVINO, and what running them must not change."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.runtimes import recognise
from engine.runtimes.openvino.loader import load
from engine.runtimes.openvino.spec import parameters
from storage.errors import JobError
from storage.vocabulary import Format
from tests.tiny_models import ROWS, copied, digits, expected_probabilities

Saved = Callable[[Format], Path]


@pytest.fixture
def graph(saved: Saved, tmp_path: Path) -> Path:
    """Return a graph of this test's own."""
    return copied(saved(Format.OPENVINO), tmp_path / "digits.xml")


def test_the_weights_belong_to_the_graph(graph: Path) -> None:
    """Both files are one model."""
    assert recognise(graph).companions == (graph.with_suffix(".bin"),)
    assert parameters(graph) == 64 * 10 + 10


def test_weights_may_come_later(graph: Path) -> None:
    """A graph whose weights are missing or short is not tried, and may still be completed."""
    weights = graph.with_suffix(".bin")
    content = weights.read_bytes()
    weights.write_bytes(content[:-1])
    assert recognise(graph).reason == "digits.xml keeps its weights in digits.bin, which is cut short"
    weights.unlink()
    found = recognise(graph)
    assert found.reason == "digits.xml keeps its weights in digits.bin, which is missing beside it"
    assert not found.complete


def test_weights_through_a_link_are_refused(graph: Path, tmp_path: Path) -> None:
    """A link could lead to anybody's file."""
    weights = graph.with_suffix(".bin")
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    assert recognise(graph).refused


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('version="11"', 'version="7"', "digits.xml is an OpenVINO graph of version 7; convert it again"),
        (
            'type="MatMul" version="opset1"',
            'type="Mine" version="extension"',
            "custom operator Mine of extension",
        ),
        ("<net ", '<!DOCTYPE net [<!ENTITY a "aa">]><net ', "digits.xml declares entities"),
        ("</layers>", "</layer>", "digits.xml is damaged: its graph is no XML, line "),
        ('offset="0"', 'offset="-4"', "digits.xml is damaged: a constant lies before the start of its file"),
        ('offset="0"', 'offset="x"', "digits.xml is damaged: a constant does not say where it lies"),
        ('offset="0"', 'offset="99999999"', "keeps its weights in digits.bin, which is cut short"),
    ],
)
def test_what_must_not_be_loaded_is_named(graph: Path, old: str, new: str, words: str) -> None:
    """Each has its own sentence, before OpenVINO sees the file."""
    text = graph.read_text()
    assert old in text
    graph.write_text(text.replace(old, new, 1))
    found = recognise(graph)
    assert found.format is None
    assert words in found.reason


@pytest.mark.parametrize("text", ["<?xml version='1.0'?><svg/>", "<nets/>", "<?xml version='1.0'?>", "<net"])
def test_other_xml_is_no_graph(tmp_path: Path, text: str) -> None:
    """A drawing is a text file."""
    file = tmp_path / "drawing.xml"
    file.write_text(text)
    assert recognise(file).reason.startswith("drawing.xml is ")
    assert recognise(file).format is None


def test_what_openvino_does_not_accept_is_one_sentence(graph: Path) -> None:
    """What looks whole and makes no sense fails with OpenVINO's own reason."""
    graph.write_text(graph.read_text().replace('type="MatMul"', 'type="MatMulte"'))
    with pytest.raises(
        JobError, match=r"^OpenVINO does not accept the model on cpu: .*MatMulte.*\.$"
    ) as caught:
        load(graph, "cpu")
    assert "\n" not in caught.value.message


def test_figures_do_not_depend_on_the_processor(saved: Saved) -> None:
    """Left to itself OpenVINO rounds to bfloat16 where a processor is quicker so; here it must not."""
    model = load(saved(Format.OPENVINO), "cpu")
    images, _ = digits()
    x = (images[1000:, np.newaxis] / 16).astype(np.float32)
    x.setflags(write=False)
    np.testing.assert_allclose(model.run([x])[0], expected_probabilities(), atol=2e-6)


def test_an_answer_stays_when_the_next_is_asked_for(saved: Saved) -> None:
    """The request's own memory is used again; what was returned is not."""
    model = load(saved(Format.OPENVINO), "cpu")
    images, _ = digits()
    x = (images[1000:, np.newaxis] / 16).astype(np.float32)
    first = model.run([x[:5]])[0]
    before = first.copy()
    model.run([x[5:10]])
    assert first.tobytes() == before.tobytes()
    assert model.run([x])[0].shape == (ROWS, 10)
