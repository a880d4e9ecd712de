"""What TorchScript archives become: ONNX files.

Runs in a model process only. torch's exporter for TorchScript is its older one; the newer one takes no such archives.
"""

import warnings
from typing import Any, Final

import torch

from engine.frameworks.torch import prepare, tensor
from engine.protocols import Conversion
from storage.errors import JobError
from storage.text import first_line

OPSET: Final = 17
"""The newest set of operators that torch's exporter for TorchScript writes without converting, and every ONNX Runtime since 1.13 has."""


def to_onnx(conversion: Conversion) -> None:
    """Write the module as an ONNX file whose inputs and outputs have a free first axis.

    Raises:
        JobError: ONNX has no operator for something in it, or it gives something else than tensors.
    """
    place = prepare("cpu")
    example = tuple(tensor(array) for array in next(conversion.examples(1)))
    with warnings.catch_warnings():
        # torch wants people to move to torch.export; who converts a saved file cannot act on that.
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(conversion.artefact), map_location=place)
        module.eval()
        takes = [spec.name for spec in conversion.inputs]
        gives = _outputs(module, example)
        try:
            torch.onnx.export(
                module,
                example,
                str(conversion.destination),
                input_names=takes,
                output_names=gives,
                dynamic_axes={name: {0: "batch"} for name in (*takes, *gives)},
                opset_version=OPSET,
                dynamo=False,
            )
        except Exception as error:
            # The exporter raises many types; its first line names the operator.
            raise JobError(f"torch does not write the module as ONNX: {first_line(error)}.") from error


def _outputs(module: Any, example: "tuple[torch.Tensor, ...]") -> list[str]:
    with torch.inference_mode():
        answer = module(*example)
    if isinstance(answer, torch.Tensor):
        return ["output"]
    if isinstance(answer, tuple) and all(isinstance(part, torch.Tensor) for part in answer):
        return [f"output_{place}" for place, _part in enumerate(answer)]
    raise JobError(
        f"The module answers with {type(answer).__name__}; ONNX has tensors only.",
        "Save a module whose forward returns a tensor.",
    )
