"""ONNX models with a temperature built into them: a multiplication before the last softmax or sigmoid.

Runs in a model process only. The package onnx is imported when it is needed: running a model does without.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from engine.protocols import Conversion, Temperature
from storage.errors import JobError
from storage.text import NAME, clean
from storage.vocabulary import OutputScale

OLDEST: Final = 8
"""The first set of operators whose arithmetic broadcasts a single number, and whose Max does."""

PROPERTY: Final = "temperature"
"""What the file's own metadata call it, so that whoever gets the file can tell."""


def recalibrate(conversion: Conversion) -> None:
    """Write the model with its probabilities softened or sharpened, in one file.

    Raises:
        JobError: the output cannot be changed, or the file would be too large.
    """
    import onnx
    from onnx import helper

    wanted = conversion.softening
    model = onnx.load(str(conversion.artefact))
    output = model.graph.output[wanted.place]
    _check(model, output)
    _soften(model.graph, output, wanted)
    helper.set_model_props(
        model, {one.key: one.value for one in model.metadata_props} | {PROPERTY: f"{wanted.value:.9g}"}
    )
    try:
        onnx.save_model(model, str(conversion.destination))
    except ValueError as error:
        raise JobError(
            f"The model cannot be written as one file: {clean(str(error), 200)}.",
            "ONNX holds at most 2 GiB in one.",
        ) from error


def _check(model: Any, output: Any) -> None:
    """Make sure that there is an operator for what is to be put in, and numbers to put it on."""
    opset = next((known.version for known in model.opset_import if known.domain in {"", "ai.onnx"}), 0)
    if opset < OLDEST:
        raise JobError(
            f"The model uses ONNX' operators of version {opset}, and a temperature needs {OLDEST} or later.",
            f"Convert it: onnx.version_converter.convert_version(model, {OLDEST}).",
        )
    if _dtype(output).kind != "f":
        raise JobError(
            f"The output {clean(output.name, NAME)} is {_dtype(output).name}, and only floats can be divided.",
            "Keep it as it is, or recalibrate the version that it was made from.",
        )


def _dtype(output: Any) -> "np.dtype[Any]":
    from onnx import helper

    kind: np.dtype[Any] = np.dtype(helper.tensor_dtype_to_np_dtype(output.type.tensor_type.elem_type))
    return kind


def _soften(graph: Any, output: Any, wanted: Temperature) -> None:
    """Put the division where it belongs: before what makes probabilities of logits, where that can be seen."""
    place = next((place for place, node in enumerate(graph.node) if output.name in node.output), None)
    if place is None:
        raise JobError(f"Nothing in the model makes its output {clean(output.name, NAME)}.")
    last, steps = graph.node[place], Steps(graph, output)
    if wanted.scale is OutputScale.LOGITS:
        inner = steps.take_over(last)
        steps.add("Mul", [inner, steps.number(1 / wanted.value)], output.name)
    elif last.op_type == _maker(wanted) and last.domain in {"", "ai.onnx"}:
        before = steps.add("Mul", [last.input[0], steps.number(1 / wanted.value)])
        last.input[0] = before
        graph.node.insert(place, steps.nodes[0])
        return
    elif wanted.one_by_one:
        _again_by_sigmoid(steps, steps.take_over(last), output.name, wanted)
    else:
        inner = steps.take_over(last)
        known = steps.add("Max", [inner, steps.number(wanted.SMALLEST)])
        scaled = steps.add("Mul", [steps.add("Log", [known]), steps.number(1 / wanted.value)])
        steps.add("Softmax", [scaled], output.name, axis=1)
    for offset, node in enumerate(steps.nodes, 1):
        # Right behind what made the output, so that whatever else reads it comes later.
        graph.node.insert(place + offset, node)


def _maker(wanted: Temperature) -> str:
    return "Sigmoid" if wanted.one_by_one else "Softmax"


def _again_by_sigmoid(steps: "Steps", inner: str, output: str, wanted: Temperature) -> None:
    low = steps.add("Max", [inner, steps.number(wanted.SMALLEST)])
    known = steps.add("Min", [low, steps.number(1 - wanted.NEAREST)])
    rest = steps.add("Sub", [steps.number(1.0), known])
    odds = steps.add("Sub", [steps.add("Log", [known]), steps.add("Log", [rest])])
    steps.add("Sigmoid", [steps.add("Mul", [odds, steps.number(1 / wanted.value)])], output)


class Steps:
    """Nodes that are put in, with names that nothing in the graph has."""

    def __init__(self, graph: Any, output: Any) -> None:
        self.nodes: list[Any] = []
        self._graph = graph
        self._output = output
        self._used = {name for node in graph.node for name in (node.name, *node.input, *node.output)}
        self._used |= {one.name for one in (*graph.initializer, *graph.input, *graph.output)}

    def add(self, operator: str, inputs: Sequence[str], name: str = "", **attributes: Any) -> str:
        """Add a node; return the name of what it gives."""
        from onnx import helper

        name = name or self._free()
        self.nodes.append(helper.make_node(operator, list(inputs), [name], self._free(), **attributes))
        return name

    def number(self, value: float) -> str:
        """Return the name of a constant of the output's own kind of number."""
        from onnx import numpy_helper

        name, kind = self._free(), _dtype(self._output)
        # Half precision has no number as small as single precision has.
        least = float(np.finfo(kind).tiny)
        self._graph.initializer.append(numpy_helper.from_array(np.array(max(value, least), dtype=kind), name))
        return name

    def take_over(self, last: Any) -> str:
        """Give what a node makes of the output another name, and return that."""
        inner = self._free()
        for place, name in enumerate(last.output):
            if name == self._output.name:
                last.output[place] = inner
        return inner

    def _free(self) -> str:
        number = 0
        while (name := f"temperature_{number}") in self._used:
            number += 1
        self._used.add(name)
        return name
