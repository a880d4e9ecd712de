"""The facts of an ONNX model that matter before it is loaded, read from its bytes.

Owns the numbers of the format's fields (onnx.proto) and the walk through graphs inside graphs. It must not
judge what it finds.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from math import prod

import msgspec

from engine.artefacts.content import ContentError
from engine.artefacts.messages import Field, Walk

DEPTH = 32
"""Graphs inside graphs (If, Loop, Scan); exporters nest two or three deep."""

NUMBER_TYPES = frozenset({1, 2, 3, 10, 11, *range(16, 30)})
"""Element types of weights: floats of every width and the 8 and 4 bit integers of quantised ones. Wider
integers and truth values are shapes, axes and indices."""


Readers = Mapping[int, Callable[[Field, int], object]]
"""Which method reads a field of a number."""


class ModelField(IntEnum):
    """Fields of ModelProto."""

    IR_VERSION = 1
    PRODUCER_NAME = 2
    PRODUCER_VERSION = 3
    DOMAIN = 4
    MODEL_VERSION = 5
    DOC_STRING = 6
    GRAPH = 7
    OPSET_IMPORT = 8
    METADATA_PROPS = 14
    TRAINING_INFO = 20
    FUNCTIONS = 25
    CONFIGURATION = 26


class Facts(msgspec.Struct):
    """What a walk through a model found."""

    operators: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """(domain, name) of every operator that is used."""
    functions: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """The same of those that the model defines itself."""
    external: dict[str, int] = msgspec.field(default_factory=dict)
    """Location of external data, in the file's own words -> the byte up to which it is used, or 0."""
    parameters: int = 0


def read_facts(walk: Walk, fields: Iterable[Field]) -> Facts:
    """Return the facts of the model with these top-level fields."""
    facts = Facts()
    reader = _Reader(walk, facts)
    for field in fields:
        if field.number == ModelField.GRAPH:
            reader.graph(field, 0)
        elif field.number == ModelField.FUNCTIONS:
            reader.function(field)
        elif field.number == ModelField.TRAINING_INFO:
            reader.visit(field, {1: reader.graph, 2: reader.graph}, 0)
    return facts


class _Reader:
    """One method a message type; each is given the message's span and how deep it lies."""

    def __init__(self, walk: Walk, facts: Facts) -> None:
        self._walk = walk
        self._facts = facts

    def visit(self, message: Field, readers: Readers, depth: int) -> None:
        """Hand each field with a reader to it."""
        if depth > DEPTH:
            raise ContentError("nests graphs deeper than any model needs")
        for field in self._walk.fields(message.start, message.end):
            reader = readers.get(field.number)
            if reader is not None:
                reader(field, depth)

    def graph(self, message: Field, depth: int) -> None:
        """GraphProto."""
        readers: Readers = {1: self._node, 5: self._weights, 15: self._sparse}
        self.visit(message, readers, depth + 1)

    def function(self, message: Field) -> None:
        """FunctionProto: defines an operator out of others."""
        name = domain = ""
        for field in self._walk.fields(message.start, message.end):
            if field.number == 1:
                name = self._walk.text(field)
            elif field.number == 10:
                domain = self._walk.text(field)
            elif field.number == 7:
                self._node(field, 0)
            elif field.number == 11:
                self._attribute(field, 0)
        self._facts.functions.add((domain, name))

    def _node(self, message: Field, depth: int) -> None:
        """NodeProto."""
        operator = domain = ""
        for field in self._walk.fields(message.start, message.end):
            if field.number == 4:
                operator = self._walk.text(field)
            elif field.number == 7:
                domain = self._walk.text(field)
            elif field.number == 5:
                self._attribute(field, depth)
        self._facts.operators.add((domain, operator))

    def _attribute(self, message: Field, depth: int) -> None:
        """AttributeProto: tensors, graphs and sparse tensors, single and repeated."""
        readers: Readers = {
            5: self._tensor,
            10: self._tensor,
            6: self.graph,
            11: self.graph,
            22: self._sparse,
            23: self._sparse,
        }
        self.visit(message, readers, depth)

    def _sparse(self, message: Field, depth: int) -> None:
        """SparseTensorProto: its values and its indices are tensors."""
        self.visit(message, {1: self._weights, 2: self._tensor}, depth)

    def _weights(self, message: Field, depth: int) -> None:
        """TensorProto that counts as parameters."""
        self._facts.parameters += self._tensor(message, depth)

    def _tensor(self, message: Field, depth: int) -> int:
        """TensorProto; returns how many weights it declares."""
        del depth  # tensors hold no messages that nest
        dimensions: list[int] = []
        kind = 0
        pairs: dict[str, str] = {}
        for field in self._walk.fields(message.start, message.end):
            if field.number == 1:
                dimensions += self._walk.numbers(field)
            elif field.number == 2:
                kind = field.value
            elif field.number == 13:
                key, value = self._pair(field)
                pairs[key] = value
        if pairs:
            end = _number(pairs.get("offset", "")) + _number(pairs.get("length", ""))
            location = pairs.get("location", "")
            self._facts.external[location] = max(end, self._facts.external.get(location, 0))
        return prod(dimensions) if kind in NUMBER_TYPES else 0

    def _pair(self, message: Field) -> tuple[str, str]:
        """StringStringEntryProto."""
        found = {
            field.number: self._walk.text(field) for field in self._walk.fields(message.start, message.end)
        }
        return found.get(1, ""), found.get(2, "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
