"""Writing a version anew that the installed framework refuses: which formats, by what, and what to do about the others.

Only what says the same in another version of its format is written anew: arguments that say nothing, numbers of versions,
operators whose newer form is known. A framework that lacks what a model does cannot be helped by writing.
"""

from typing import NamedTuple

import msgspec

from engine.protocols import ExportRoute, RuntimeSpec
from storage.vocabulary import Format


class Renewal(NamedTuple):
    """How one kind of files is written anew."""

    route: ExportRoute
    loader: str
    """``module:function`` of what reads a file that the format's own loader refuses."""
    helps: str
    """What it helps with, for people."""

    def runtime(self, spec: RuntimeSpec) -> RuntimeSpec:
        """Return a runtime that reads its files by this loader."""
        return msgspec.structs.replace(spec, loader=self.loader)


RENEWALS = (
    Renewal(
        ExportRoute(
            sources=(Format.KERAS, Format.KERAS_H5),
            target=Format.KERAS,
            framework="tensorflow",
            converter="engine.runtimes.keras.renewing:renew",
            artefact="model.keras",
            says="float32, as they are",
        ),
        "engine.runtimes.keras.renewing:load",
        "layers with arguments that the installed Keras does not know and that say nothing: `groups` 1 and `time_major` "
        "false of Keras 2, `quantization_config` none of a newer Keras 3; a legacy `.h5` becomes `.keras`",
    ),
    Renewal(
        ExportRoute(
            sources=(Format.ONNX,),
            target=Format.ONNX,
            framework="onnxruntime",
            converter="engine.runtimes.onnx.renewing:renew",
            artefact="model.onnx",
            says="as they are",
            needs=("onnx",),
        ),
        "engine.runtimes.onnx.renewing:load",
        "a version of the format, or a set of operators, that ONNX Runtime does not take: newer than it, or from before "
        "version 7",
    ),
)
"""One a framework."""

ELSEWHERE: dict[Format, str] = {
    Format.SAVED_MODEL: "a SavedModel holds what TensorFlow executes, and one that lacks an operator cannot be given it",
    Format.TORCHSCRIPT: "torch reads every older TorchScript file, and one that it refuses lacks an operator here",
    Format.TORCH_EXPORT: "torch alone reads such programs, and only those of its own version or a little older",
    Format.LITERT: "a LiteRT file cannot be changed once it is made: export the version that it was made from again",
    Format.OPENVINO: "convert the ONNX file that it was made from again",
    Format.SAFETENSORS: "its loader is your own program: fix that",
}
"""Why there is none for the others."""

THERE = (
    "install what it was saved with in an environment of its own and see that it loads there (modeltender rehearse --python "
    "PATH); the repair with --by convert --python PATH then exports it there (Keras, TorchScript, SavedModel)"
)
"""What is left where nothing can be written anew here."""


def renewal(source: Format) -> Renewal | None:
    """Return how files of a format are written anew, or ``None`` where they cannot be."""
    return next((one for one in RENEWALS if source in one.route.sources), None)
