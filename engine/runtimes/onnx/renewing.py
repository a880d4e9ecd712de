"""ONNX files of other versions of the format, written anew as the installed runtime takes them.

Owns which versions are tried: the file's own operators under a number of the format that is old enough for them, then the
nearest set of operators that the converter of the package onnx reaches and the runtime takes. That the answers are the same is
shown elsewhere, on examples. Runs in a model process only; the package onnx is imported when it is needed.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import onnxruntime

from engine.protocols import Conversion
from engine.runtimes.onnx import loader
from storage.errors import JobError
from storage.text import clean

OLDEST: Final = 7
"""The first set of operators that ONNX Runtime guarantees."""

STAND_IN: Final = 7
"""What a size that is free is called while operators are converted: the converter wants numbers."""

WORDS: Final = 200


def load(artefact: Path, device: str) -> loader.OnnxModel:
    """Return the model in ``artefact`` as it would be written anew, ready on ``device``.

    Raises:
        JobError: there is no version that the runtime takes.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "model.onnx")
        written.write_bytes(_renewed(artefact))
        return loader.load(written, device)


def renew(conversion: Conversion) -> None:
    """Write the model as the runtime takes it, in one file."""
    conversion.destination.write_bytes(_renewed(conversion.artefact))


def _renewed(artefact: Path) -> bytes:
    """Return the first version of the model that the runtime takes.

    Raises:
        JobError: it takes none.
    """
    import onnx

    model = onnx.load(str(artefact))
    problem = ""
    for candidate in _candidates(model):
        if isinstance(candidate, str):
            problem = problem or candidate
            continue
        try:
            content: bytes = candidate.SerializeToString()
            onnxruntime.InferenceSession(content, _quiet(), providers=[loader.CPU])
        except Exception as error:  # noqa: BLE001 - its errors have no common class; the first one is told below
            problem = problem or str(error)
        else:
            return content
    raise JobError(
        f"No version of it is taken by ONNX Runtime {onnxruntime.__version__}: {clean(problem, WORDS).rstrip('.')}.",
        "Export it anew from the program that made it.",
    )


def _quiet() -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = loader.ERRORS_ONLY
    return options


def _candidates(model: Any) -> Iterator[Any]:
    """Yield the model in one version after another, the nearest first, or why one cannot be made."""
    import onnx
    from onnx import helper

    own = next((one.version for one in model.opset_import if one.domain in {"", "ai.onnx"}), 0)
    model.ir_version = helper.find_min_ir_version_for(model.opset_import, ignore_unknown=True)
    yield model
    newest = onnx.defs.onnx_opset_version()
    for wanted in sorted(range(OLDEST, newest + 1), key=lambda version: abs(version - own)):
        if wanted != own:
            try:
                yield _converted(model, wanted)
            except Exception as error:  # noqa: BLE001 - the converter raises whatever C++ throws; another version may do
                yield str(error)


def _converted(model: Any, wanted: int) -> Any:
    """Return the model with the operators of another version, its free sizes free again."""
    import onnx
    from onnx import helper, version_converter

    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    free = [
        dimension for one in _ends(sized) for dimension in _sizes(one) if not dimension.HasField("dim_value")
    ]
    for dimension in free:
        dimension.dim_value = STAND_IN
    converted = version_converter.convert_version(sized, wanted)
    types = {one.name: one.type for one in _ends(model)}
    for one in _ends(converted):
        if one.name in types:
            one.type.CopyFrom(types[one.name])
    # What was inferred along the way holds the stand-in.
    del converted.graph.value_info[:]
    converted.ir_version = helper.find_min_ir_version_for(converted.opset_import, ignore_unknown=True)
    return converted


def _ends(model: Any) -> list[Any]:
    return [*model.graph.input, *model.graph.output]


def _sizes(value: Any) -> list[Any]:
    return list(value.type.tensor_type.shape.dim)
