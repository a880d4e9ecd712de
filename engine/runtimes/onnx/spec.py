"""What the engine knows about ONNX files without ONNX: how to tell one, and what it may ask for.

Owns the static checks: operators that only a foreign library provides, and weights that lie outside the
model's folder. It must not import onnx or onnxruntime.
"""

from pathlib import Path

from engine.artefacts.archive import Archive
from engine.artefacts.beside import check_files
from engine.artefacts.content import Content, ContentError, CutShortError
from engine.artefacts.doubts import Doubt
from engine.artefacts.messages import BYTES, VARINT, Field, Walk
from engine.protocols import Recognition, RuntimeSpec
from engine.runtimes.onnx.graph import Facts, ModelField, read_facts
from storage.text import NAME, clean
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="onnxruntime",
    framework="onnxruntime",
    formats=(Format.ONNX,),
    distributions=("onnxruntime",),
    extra="onnx",
    loader="engine.runtimes.onnx.loader:load",
    needs_sandbox=False,
    alternatives=(
        ("onnxruntime", "onnxruntime-gpu"),
        ("onnxruntime", "onnxruntime-openvino"),
        ("onnxruntime", "onnxruntime-training"),
    ),
    accelerators=("cuda", "npu"),
)

IR_VERSIONS = range(1, 64)
"""Versions of the format that are believable; the newest is 13 in 2026."""

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training", "com.microsoft"})
"""Where the operators come from that the runtime itself brings."""

WIRES: dict[int, int] = {
    ModelField.IR_VERSION: VARINT,
    ModelField.PRODUCER_NAME: BYTES,
    ModelField.PRODUCER_VERSION: BYTES,
    ModelField.DOMAIN: BYTES,
    ModelField.MODEL_VERSION: VARINT,
    ModelField.DOC_STRING: BYTES,
    ModelField.GRAPH: BYTES,
    ModelField.OPSET_IMPORT: BYTES,
    ModelField.METADATA_PROPS: BYTES,
    ModelField.TRAINING_INFO: BYTES,
    ModelField.FUNCTIONS: BYTES,
    ModelField.CONFIGURATION: BYTES,
}
"""The format has no mark; a file is ONNX when nothing but these fields, written so, fill it to its end."""


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what an ONNX file is, or ``None`` where it is none.

    Raises:
        ContentError: it is one, and must not be loaded.
    """
    if archive is not None:
        return None
    walk = Walk(content)
    fields = _outline(walk, content)
    if fields is None:
        return None
    facts = read_facts(walk, fields)
    parts = check_files(content.path, facts.external)
    return Recognition(Format.ONNX, companions=parts, doubt=_foreign_operators(facts))


def companions(artefact: Path) -> tuple[Path, ...]:
    """Return the files that hold the weights of ``artefact`` besides itself.

    Raises:
        ContentError: it is no ONNX file, or one of them is missing or lies elsewhere.
    """
    with Content(artefact) as content:
        found = recognise(content, None)
    if found is None:
        raise ContentError("is not an ONNX model")
    return found.companions


def parameters(artefact: Path) -> int:
    """Return how many numbers the initializers of ``artefact`` hold, from their declared dimensions."""
    with Content(artefact) as content:
        walk = Walk(content)
        return read_facts(walk, list(walk.fields(0, content.size))).parameters


def _outline(walk: Walk, content: Content) -> list[Field] | None:
    """Return the model's top-level fields, or ``None`` where the bytes are no ONNX model."""
    fields: list[Field] = []
    try:
        for field in walk.fields(0, content.size):
            if WIRES.get(field.number) != field.wire:
                return None
            fields.append(field)
    except CutShortError:
        if _begins_well(fields):
            raise
        return None
    except ContentError:
        # No protocol buffer at all: somebody else's format.
        return None
    if not _begins_well(fields) or not any(field.number == ModelField.GRAPH for field in fields):
        return None
    return fields


def _begins_well(fields: list[Field]) -> bool:
    return any(field.number == ModelField.IR_VERSION and field.value in IR_VERSIONS for field in fields)


def _foreign_operators(facts: Facts) -> Doubt | None:
    """Return which operators come from libraries that are not loaded; the installed build may know them all the same."""
    used = sorted(facts.operators - facts.functions)
    foreign = [(domain, operator) for domain, operator in used if domain not in DOMAINS]
    if not foreign:
        return None
    domain, operator = foreign[0]
    reason = (
        f"needs the custom operator {clean(operator)} of {clean(domain)}, a native library that is not loaded"
    )
    return Doubt(
        reason, tuple(clean(f"{domain}:{operator}", NAME) for domain, operator in foreign), harmful=False
    )
