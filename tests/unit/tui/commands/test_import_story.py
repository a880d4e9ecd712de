"""An import on a real engine: from a Triton repository to the version that is deployed."""

import shutil

import onnx

from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tests.digits_engine import MODEL, digits_engine
from tests.serving_folders import triton_model
from tests.tiny_models import ROWS, onnx_model
from tests.unit.tui.commands.test_export_story import modeltender

__all__ = ["digits_engine"]

POLICY = 'name: "digits" platform: "onnxruntime_onnx" version_policy { specific { versions: [ 4 ] } }'


def test_what_was_served_is_evaluated_and_deployed(digits_engine: Workspace) -> None:
    """A version that is here already is known; the served one comes in, is evaluated, passes the gate, and is current."""
    folder = triton_model(digits_engine.root.parent / "triton", MODEL, config=POLICY)
    for number in (3, 4):
        (folder / str(number)).mkdir()
    shutil.copy(digits_engine.version_folder(MODEL, 1) / "model.onnx", folder / "3")
    again = onnx_model()
    again.doc_string = "the same model, saved again"
    onnx.save(again, folder / "4" / "saved-again.onnx")
    status, done = modeltender(digits_engine, "import", str(folder.parent), "--promote")
    [model] = done["models"]
    assert [(one["number"], one["fate"], one["version"]) for one in model["versions"]] == [
        (3, "known", 1),
        (4, "imported", 2),
    ]
    assert done["promotions"] == [{"model": MODEL, "version": 2, "promoted": True, "reason": ""}]
    assert status == ExitCode.DONE
    _, shown = modeltender(digits_engine, "show", MODEL)
    assert (shown["current"], shown["versions"][0]["imported"]["number"]) == (2, 4)
    assert shown["versions"][0]["metrics"]["accuracy"]["n"] == ROWS
