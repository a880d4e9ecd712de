"""TorchScript archives with a temperature built into them: a module around the saved one.

Runs in a model process only. What the saved module computes cannot be opened, so probabilities are made from their own
logarithms; of its methods ``forward`` alone stays.
"""

import warnings
from typing import Any

import torch

from engine.frameworks.torch import prepare
from engine.protocols import Conversion, Temperature
from storage.errors import JobError
from storage.vocabulary import OutputScale

ANSWER = "answer"


def recalibrate(conversion: Conversion) -> None:
    """Write the module with its probabilities softened or sharpened.

    Raises:
        JobError: it gives something else than tensors.
    """
    wanted = conversion.softening
    place = prepare("cpu")
    with warnings.catch_warnings():
        # torch wants people to move to torch.export; who recalibrates a saved file cannot act on that.
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(conversion.artefact), map_location=place)
        module.eval()
        outer = torch.nn.Module()
        outer.module = module
        scripted = torch.jit.script(outer.eval())
        scripted.define(_forward(module, wanted))
        torch.jit.save(scripted, str(conversion.destination))


def _forward(module: Any, wanted: Temperature) -> str:
    """Return the source of a ``forward`` that takes what the module takes, and gives what it gives, softened."""
    names = [
        argument.name if argument.name.isidentifier() else f"input_{number}"
        for number, argument in enumerate(module.forward.schema.arguments[1:])
        if not argument.has_default_value()
    ]
    (given,) = (returned.type for returned in module.forward.schema.returns)
    takes = ", ".join(["self", *names])
    call = f"self.module({', '.join(names)})"
    if given.kind() == "TensorType":
        return f"def forward({takes}):\n    {ANSWER} = {call}\n    return {_softened(ANSWER, wanted)}\n"
    if given.kind() != "TupleType" or any(part.kind() != "TensorType" for part in given.elements()):
        raise JobError(
            f"The module answers with {given.str()}, in which no output can be changed.",
            "Save a module whose forward returns a tensor, or a tuple of tensors.",
        )
    parts = [f"{ANSWER}[{number}]" for number, _part in enumerate(given.elements())]
    parts[wanted.place] = _softened(parts[wanted.place], wanted)
    gives = f"({', '.join(parts)},)"
    return f"def forward({takes}):\n    {ANSWER} = {call}\n    return {gives}\n"


def _softened(name: str, wanted: Temperature) -> str:
    """Return the expression for an output that has been softened."""
    value = repr(float(wanted.value))
    if wanted.scale is OutputScale.LOGITS:
        return f"{name} / {value}"
    if wanted.one_by_one:
        known = f"{name}.clamp({wanted.SMALLEST!r}, {1 - wanted.NEAREST!r})"
        return f"torch.sigmoid(torch.logit({known}) / {value})"
    return f"torch.softmax(torch.log({name}.clamp(min={wanted.SMALLEST!r})) / {value}, 1)"
