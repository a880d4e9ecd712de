"""A version on record that real processes load, whose model tells by its only output which bytes it was loaded from."""

from contextlib import AbstractContextManager

from engine.jobs import loading
from engine.jobs.context import Context
from engine.processes.client import ModelProcess
from storage.records import Version
from storage.tables import models
from tests.artefacts import record_version
from tests.tiny_models import onnx_model

GOOD, EVIL = "probabilities", "swapped"
"""What the only output is called in the model that was recorded, and in the other one."""


def model(output: str) -> bytes:
    """Return a real ONNX model whose output has this name; all are equally long."""
    made = onnx_model()
    made.graph.output[0].name = made.graph.node[-1].output[0] = output.ljust(len(GOOD), "_")
    return bytes(made.SerializeToString())


class Bench:
    """A version on record, ready to be loaded by real processes."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.artefact = context.workspace.version_folder("mnist", 1) / "model.onnx"
        self.artefact.parent.mkdir(parents=True)
        self.artefact.write_bytes(model(GOOD))
        with context.writer.transaction() as connection:
            version_id = record_version(connection, "mnist", 1, self.artefact)
            model_id = models.model_id(connection, "mnist")
            assert model_id is not None
            models.set_current(connection, model_id, current_id=version_id, previous_id=None)

    @property
    def version(self) -> Version:
        """The version as it is on record."""
        with self.context.writer.transaction() as connection:
            return models.versions(connection, "mnist")[0]

    def load(self) -> str:
        """Load the version as a job does, and return what its process says of its output."""
        with self.process() as process:
            return process.loaded.outputs[0].name.rstrip("_")

    def process(self) -> AbstractContextManager[ModelProcess]:
        """Return a process of its own with the version in it."""
        return loading.fresh(self.context, self.version, "cpu", (), lambda: False)

    def objects(self) -> list[str]:
        """Return the copies that there are."""
        return sorted(path.name for path in self.context.workspace.objects.iterdir())
