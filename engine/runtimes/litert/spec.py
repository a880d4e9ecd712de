"""What the engine knows about LiteRT files without LiteRT: how to tell one, what it needs, and how large it is.

Owns the numbers of the format's fields (schema.fbs of TensorFlow Lite, version 3). It must not import LiteRT: its
interpreter trusts the file, which is why it runs behind walls only.
"""

from math import prod
from pathlib import Path

from engine.artefacts import flatbuffers
from engine.artefacts.archive import Archive
from engine.artefacts.content import Content, ContentError, CutShortError
from engine.artefacts.flatbuffers import Table
from engine.protocols import Recognition, RuntimeSpec
from storage.text import clean
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="litert",
    framework="ai_edge_litert",
    formats=(Format.LITERT,),
    distributions=("ai-edge-litert",),
    extra="litert",
    loader="engine.runtimes.litert.loader:load",
    needs_sandbox=False,
    accelerators=(),
)

MARK, MARK_AT = b"TFL3", 4
"""The file identifier of the schema, behind the offset of the root table."""

VERSION = 3

MODEL_VERSION, MODEL_OPERATORS, MODEL_SUBGRAPHS, MODEL_BUFFERS = 0, 1, 2, 4
OPERATOR_CUSTOM, OPERATOR_BUILTIN = 1, 3
SUBGRAPH_TENSORS, SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, SUBGRAPH_OPERATORS = 0, 1, 2, 3
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_QUANTIZATION = 0, 1, 2, 4
QUANTIZATION_SCALE = 2
BUFFER_DATA, BUFFER_OFFSET, BUFFER_SIZE = 0, 1, 2

CUSTOM = 32
"""BuiltinOperator.CUSTOM: the operator is named, and somebody else's code runs it."""

FLEX = "Flex"
"""How TensorFlow's own operators are named where a model needs them beside LiteRT's."""

WEIGHT_TYPES = frozenset({0, 1, 3, 7, 9, 10, 17, 18})
"""TensorType: float32, float16, uint8, int16, int8, float64, int4, bfloat16."""

INT32 = 2
"""Shapes and indices, or the biases of a quantised model, which have a scale."""


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what a LiteRT file is, or ``None`` where it is none.

    Raises:
        ContentError: it is one, and must not be loaded.
    """
    if archive is not None or content.head[MARK_AT : MARK_AT + len(MARK)] != MARK:
        return None
    model = flatbuffers.root(content)
    if model.number(MODEL_VERSION, "<I") != VERSION:
        raise ContentError("is a LiteRT model of another version of the format than 3")
    if not model.vector(MODEL_SUBGRAPHS, 4)[1]:
        raise ContentError("is a LiteRT model without a graph")
    _check_operators(model)
    _check_whole(model, content)
    return Recognition(Format.LITERT)


def parameters(artefact: Path) -> int:
    """Return how many weights the constant tensors of ``artefact`` hold, each once."""
    with Content(artefact) as content:
        model = flatbuffers.root(content)
        full = [_has_data(buffer) for buffer in model.tables(MODEL_BUFFERS)]
        counted: dict[int, int] = {}
        for graph in model.tables(MODEL_SUBGRAPHS):
            for tensor in graph.tables(SUBGRAPH_TENSORS):
                buffer = tensor.number(TENSOR_BUFFER, "<I")
                if buffer < len(full) and full[buffer] and _is_weight(tensor):
                    counted[buffer] = prod(tensor.numbers(TENSOR_SHAPE, "i"))
        return sum(counted.values())


def _check_operators(model: Table) -> None:
    for operator in model.tables(MODEL_OPERATORS):
        named = operator.text(OPERATOR_CUSTOM)
        if operator.number(OPERATOR_BUILTIN, "<i") != CUSTOM and not named:
            continue
        if named.startswith(FLEX):
            raise ContentError(
                f"needs TensorFlow's operator {clean(named.removeprefix(FLEX))}, which LiteRT does not have; "
                "convert it with LiteRT's own operators (TFLITE_BUILTINS)"
            )
        raise ContentError(f"needs the custom operator {clean(named)}, a native library that is not loaded")


def _check_whole(model: Table, content: Content) -> None:
    """Follow every reference, so that a file that ends too early is noticed before LiteRT trusts it."""
    for buffer in model.tables(MODEL_BUFFERS):
        buffer.vector(BUFFER_DATA, 1)
        # Files above 2 GiB keep weights behind the tables.
        if buffer.number(BUFFER_OFFSET, "<Q") + buffer.number(BUFFER_SIZE, "<Q") > content.size:
            raise CutShortError("is cut short")
    for graph in model.tables(MODEL_SUBGRAPHS):
        for tensor in graph.tables(SUBGRAPH_TENSORS):
            tensor.numbers(TENSOR_SHAPE, "i")
            tensor.table(TENSOR_QUANTIZATION)
        graph.numbers(SUBGRAPH_INPUTS, "i")
        graph.numbers(SUBGRAPH_OUTPUTS, "i")
        graph.tables(SUBGRAPH_OPERATORS)


def _has_data(buffer: Table) -> bool:
    return buffer.vector(BUFFER_DATA, 1)[1] > 0 or buffer.number(BUFFER_SIZE, "<Q") > 1


def _is_weight(tensor: Table) -> bool:
    kind = tensor.number(TENSOR_TYPE, "<b")
    if kind != INT32:
        return kind in WEIGHT_TYPES
    quantization = tensor.table(TENSOR_QUANTIZATION)
    return quantization is not None and quantization.vector(QUANTIZATION_SCALE, 4)[1] > 0
