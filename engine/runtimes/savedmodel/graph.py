"""The facts of a SavedModel that matter before it is loaded, read from the bytes of its ``saved_model.pb``.

Owns the numbers of the format's fields (saved_model.proto, meta_graph.proto, graph.proto, function.proto) and the
walk through graphs and functions. It must not judge what it finds.
"""

from collections.abc import Iterable, Iterator

import msgspec

from engine.artefacts.messages import BYTES, Field, Walk
from engine.runtimes.savedmodel.operators import CALLERS, PRINTS


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
        if field.number == 1:
            facts.tags |= set(_texts(walk, field, 4))
        elif field.number == 2:
            _read_graph(walk, field, facts)
        elif field.number == 3:
            # save_tensor_name is an output of a node, restore_op_name a node.
            facts.saver |= {name.partition(":")[0] for name in _texts(walk, field, 2, 3)}
        elif field.number == 6:
            facts.assets |= set(_texts(walk, field, 2))
    return facts


def _read_graph(walk: Walk, message: Field, facts: Facts) -> None:
    """GraphDef."""
    for field in _messages(walk, message):
        if field.number == 1:
            calls: set[str] = set()
            name = _read_node(walk, field, facts.main, calls)
            if calls:
                facts.callers[name] = calls
        elif field.number == 2:
            for function in _messages(walk, field):
                if function.number == 1:
                    _read_function(walk, function, facts)


def _read_function(walk: Walk, message: Field, facts: Facts) -> None:
    """FunctionDef."""
    body, name = Body(), ""
    for field in _messages(walk, message):
        if field.number == 1:
            name = next(_texts(walk, field, 1), "")
        elif field.number == 3:
            _read_node(walk, field, body, body.calls)
    facts.functions[name] = body


def _read_node(walk: Walk, message: Field, body: Body, calls: set[str]) -> str:
    """NodeDef; returns its name."""
    name = operator = ""
    attributes: list[Field] = []
    for field in _messages(walk, message):
        if field.number == 1:
            name = walk.text(field)
        elif field.number == 2:
            operator = walk.text(field)
        elif field.number == 5:
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
            if field.number == 10:
                yield from _texts(walk, field, 1)
            elif field.number == 1:
                for item in _messages(walk, field):
                    if item.number == 9:
                        yield from _texts(walk, item, 1)


def _strings(walk: Walk, attribute: Field) -> Iterator[str]:
    for value in _entries(walk, attribute):
        yield from _texts(walk, value, 2)


def _entries(walk: Walk, entry: Field) -> Iterator[Field]:
    return (field for field in _messages(walk, entry) if field.number == 2)


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
