"""The facts of a SavedModel that matter before it is loaded, read from the bytes of its ``saved_model.pb``.

Owns the numbers of the format's fields (saved_model.proto, meta_graph.proto, graph.proto, function.proto) and the
walk through graphs and functions. It must not judge what it finds.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum

import msgspec

from engine.artefacts.messages import BYTES, Field, Walk
from engine.runtimes.savedmodel.operators import CALLERS, PRINTS


class ModelField(IntEnum):
    """Fields of SavedModel."""

    VERSION = 1
    META_GRAPHS = 2


class MetaGraphField(IntEnum):
    """Fields of MetaGraphDef."""

    META_INFO = 1
    GRAPH = 2
    SAVER = 3
    ASSET_FILE = 6


class GraphField(IntEnum):
    """Fields of GraphDef."""

    NODE = 1
    LIBRARY = 2


class FunctionField(IntEnum):
    """Fields of FunctionDef."""

    SIGNATURE = 1
    NODE = 3


class NodeField(IntEnum):
    """Fields of NodeDef."""

    NAME = 1
    OPERATOR = 2
    ATTRIBUTE = 5


class AttributeField(IntEnum):
    """Fields of AttrValue."""

    LIST = 1
    STRING = 2
    FUNCTION = 10


TAGS = 4
"""Of MetaInfoDef."""

SAVE_TENSOR_NAME, RESTORE_OP_NAME = 2, 3
"""Of SaverDef: an output of a node, and a node."""

FILE_NAME = 2
"""Of AssetFileDef."""

LIBRARY_FUNCTION = 1
"""Of FunctionDefLibrary."""

LIST_FUNCTION = 9
"""Of a list in AttrValue."""

NAME = 1
"""Of OpDef, which is a function's signature, and of NameAttrList, which names a function that is called."""

ENTRY_VALUE = 2
"""Of an entry of a map, as protocol buffers write one."""


class Body(msgspec.Struct):
    """What one function does, or the main graph."""

    operators: set[str] = msgspec.field(default_factory=set)
    calls: set[str] = msgspec.field(default_factory=set)
    """Names of functions that it calls."""

    prints_to: set[str] = msgspec.field(default_factory=set)
    """Where its operators print to."""


class Facts(msgspec.Struct):
    """What a walk through one graph with its functions found."""

    tags: set[str] = msgspec.field(default_factory=set)
    """What the graph is for: ``serve``, ``train``, ``gpu``, ..."""
    main: Body = msgspec.field(default_factory=Body)
    callers: dict[str, set[str]] = msgspec.field(default_factory=dict)
    """Functions that a node of the main graph calls, by the node's name."""
    functions: dict[str, Body] = msgspec.field(default_factory=dict)
    saver: set[str] = msgspec.field(default_factory=set)
    """Names of the nodes that save and restore; none where there is nothing to restore."""
    assets: set[str] = msgspec.field(default_factory=set)
    """Names of files below ``assets``."""


def read_facts(walk: Walk, message: Field) -> Facts:
    """Return the facts of a MetaGraphDef."""
    facts = Facts()
    for field in _messages(walk, message):
        if field.number == MetaGraphField.META_INFO:
            facts.tags |= set(_texts(walk, field, TAGS))
        elif field.number == MetaGraphField.GRAPH:
            _read_graph(walk, field, facts)
        elif field.number == MetaGraphField.SAVER:
            names = _texts(walk, field, SAVE_TENSOR_NAME, RESTORE_OP_NAME)
            facts.saver |= {name.partition(":")[0] for name in names}
        elif field.number == MetaGraphField.ASSET_FILE:
            facts.assets |= set(_texts(walk, field, FILE_NAME))
    return facts


def _read_graph(walk: Walk, message: Field, facts: Facts) -> None:
    """GraphDef."""
    for field in _messages(walk, message):
        if field.number == GraphField.NODE:
            calls: set[str] = set()
            name = _read_node(walk, field, facts.main, calls)
            if calls:
                facts.callers[name] = calls
        elif field.number == GraphField.LIBRARY:
            for function in _messages(walk, field):
                if function.number == LIBRARY_FUNCTION:
                    _read_function(walk, function, facts)


def _read_function(walk: Walk, message: Field, facts: Facts) -> None:
    """FunctionDef."""
    body, name = Body(), ""
    for field in _messages(walk, message):
        if field.number == FunctionField.SIGNATURE:
            name = next(_texts(walk, field, NAME), "")
        elif field.number == FunctionField.NODE:
            _read_node(walk, field, body, body.calls)
    facts.functions[name] = body


def _read_node(walk: Walk, message: Field, body: Body, calls: set[str]) -> str:
    """NodeDef; returns its name."""
    name = operator = ""
    attributes: list[Field] = []
    for field in _messages(walk, message):
        if field.number == NodeField.NAME:
            name = walk.text(field)
        elif field.number == NodeField.OPERATOR:
            operator = walk.text(field)
        elif field.number == NodeField.ATTRIBUTE:
            attributes.append(field)
    body.operators.add(operator)
    # In old graphs a function is called by an operator of its name.
    calls.add(operator)
    if operator in CALLERS:
        for attribute in attributes:
            calls |= set(_called(walk, attribute))
    elif operator in PRINTS:
        for attribute in attributes:
            body.prints_to |= set(_strings(walk, attribute))
    return name


def _called(walk: Walk, attribute: Field) -> Iterator[str]:
    """Yield the functions that an attribute, an entry of a map of AttrValue, names."""
    for value in _entries(walk, attribute):
        for field in _messages(walk, value):
            if field.number == AttributeField.FUNCTION:
                yield from _texts(walk, field, NAME)
            elif field.number == AttributeField.LIST:
                listed = (item for item in _messages(walk, field) if item.number == LIST_FUNCTION)
                for item in listed:
                    yield from _texts(walk, item, NAME)


def _strings(walk: Walk, attribute: Field) -> Iterator[str]:
    for value in _entries(walk, attribute):
        yield from _texts(walk, value, AttributeField.STRING)


def _entries(walk: Walk, entry: Field) -> Iterator[Field]:
    return (field for field in _messages(walk, entry) if field.number == ENTRY_VALUE)


def _messages(walk: Walk, message: Field) -> Iterator[Field]:
    """Yield the fields of a message that hold bytes: names and messages; no number matters here."""
    return (field for field in walk.fields(message.start, message.end) if field.wire == BYTES)


def _texts(walk: Walk, message: Field, *numbers: int) -> Iterator[str]:
    return (walk.text(field) for field in _messages(walk, message) if field.number in numbers)


def reached(facts: Facts, roots: Iterable[str]) -> set[str]:
    """Return the functions that are called from ``roots``, themselves included where they are functions."""
    found: set[str] = set()
    waiting = [name for name in roots if name in facts.functions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(facts.functions[name].calls & facts.functions.keys())
    return found
