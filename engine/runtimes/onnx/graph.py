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


class TrainingField(IntEnum):
    """Fields of TrainingInfoProto."""

    INITIALIZATION = 1
    ALGORITHM = 2


class GraphField(IntEnum):
    """Fields of GraphProto."""

    NODE = 1
    INITIALIZER = 5
    SPARSE_INITIALIZER = 15


class FunctionField(IntEnum):
    """Fields of FunctionProto."""

    NAME = 1
    NODE = 7
    DOMAIN = 10
    ATTRIBUTE_PROTO = 11


class NodeField(IntEnum):
    """Fields of NodeProto."""

    OPERATOR = 4
    ATTRIBUTE = 5
    DOMAIN = 7


class AttributeField(IntEnum):
    """Fields of AttributeProto, each single and repeated."""

    TENSOR, TENSORS = 5, 10
    GRAPH, GRAPHS = 6, 11
    SPARSE_TENSOR, SPARSE_TENSORS = 22, 23


class SparseField(IntEnum):
    """Fields of SparseTensorProto."""

    VALUES = 1
    INDICES = 2


class TensorField(IntEnum):
    """Fields of TensorProto."""

    DIMENSIONS = 1
    DATA_TYPE = 2
    EXTERNAL_DATA = 13


KEY, VALUE = 1, 2
"""Of StringStringEntryProto."""


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
            parts: Readers = dict.fromkeys(TrainingField, reader.graph)
            reader.visit(field, parts, 0)
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
        readers: Readers = {
            GraphField.NODE: self._node,
            GraphField.INITIALIZER: self._weights,
            GraphField.SPARSE_INITIALIZER: self._sparse,
        }
        self.visit(message, readers, depth + 1)

    def function(self, message: Field) -> None:
        """FunctionProto: defines an operator out of others."""
        name = domain = ""
        for field in self._walk.fields(message.start, message.end):
            if field.number == FunctionField.NAME:
                name = self._walk.text(field)
            elif field.number == FunctionField.DOMAIN:
                domain = self._walk.text(field)
            elif field.number == FunctionField.NODE:
                self._node(field, 0)
            elif field.number == FunctionField.ATTRIBUTE_PROTO:
                self._attribute(field, 0)
        self._facts.functions.add((domain, name))

    def _node(self, message: Field, depth: int) -> None:
        """NodeProto."""
        operator = domain = ""
        for field in self._walk.fields(message.start, message.end):
            if field.number == NodeField.OPERATOR:
                operator = self._walk.text(field)
            elif field.number == NodeField.DOMAIN:
                domain = self._walk.text(field)
            elif field.number == NodeField.ATTRIBUTE:
                self._attribute(field, depth)
        self._facts.operators.add((domain, operator))

    def _attribute(self, message: Field, depth: int) -> None:
        """AttributeProto: tensors, graphs and sparse tensors, single and repeated."""
        readers: Readers = {
            AttributeField.TENSOR: self._tensor,
            AttributeField.TENSORS: self._tensor,
            AttributeField.GRAPH: self.graph,
            AttributeField.GRAPHS: self.graph,
            AttributeField.SPARSE_TENSOR: self._sparse,
            AttributeField.SPARSE_TENSORS: self._sparse,
        }
        self.visit(message, readers, depth)

    def _sparse(self, message: Field, depth: int) -> None:
        """SparseTensorProto: its values and its indices are tensors."""
        self.visit(message, {SparseField.VALUES: self._weights, SparseField.INDICES: self._tensor}, depth)

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
            if field.number == TensorField.DIMENSIONS:
                dimensions += self._walk.numbers(field)
            elif field.number == TensorField.DATA_TYPE:
                kind = field.value
            elif field.number == TensorField.EXTERNAL_DATA:
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
        return found.get(KEY, ""), found.get(VALUE, "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
