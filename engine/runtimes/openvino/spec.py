"""What the engine knows about OpenVINO's intermediate representation without OpenVINO: a graph in XML, weights beside it.

Owns how to tell the format, which of its operators need a foreign library, and how much of the file of weights it
needs. It must not import openvino.
"""

from math import prod
from pathlib import Path
from xml.parsers import expat

from engine.artefacts.archive import Archive
from engine.artefacts.beside import check_files
from engine.artefacts.content import Content, ContentError, CutShortError
from engine.protocols import Recognition, RuntimeSpec
from storage.text import clean
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="openvino",
    framework="openvino",
    formats=(Format.OPENVINO,),
    distributions=("openvino",),
    extra="openvino",
    loader="engine.runtimes.openvino.loader:load",
    needs_sandbox=False,
    accelerators=("npu",),
)

VERSIONS = frozenset({"10", "11"})
"""Of the representation; older ones are read by no OpenVINO that is still made."""

OPERATORS = "opset"
"""How the sets of operators that OpenVINO itself brings are named: ``opset1`` to the newest."""

BUILT_IN = frozenset({"experimental", "type_relaxed_opset", "ie_internal_opset"})
"""Other sets that it brings and that its own converters write."""

CONSTANT = "Const"

NOT_WEIGHTS = frozenset({"i32", "i64", "u32", "u64", "boolean", "string"})
"""Types of shapes, indices and texts."""

ENDS_EARLY = frozenset(
    expat.errors.codes[name]
    for name in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
)

STEP = 1024 * 1024
"""Bytes of the graph that are read at a time."""

SPACE = b"\xef\xbb\xbf \t\r\n"


class _Graph:
    """What of a graph matters here, gathered while it is read."""

    def __init__(self) -> None:
        self.is_graph: bool | None = None
        """Whether the first element is a network, once that is known."""
        self.version = ""
        self.foreign = ""
        """An operator that OpenVINO does not bring."""
        self.needed = 0
        """Bytes that the file of weights must have."""
        self.parameters = 0
        self._constant = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take in the beginning of an element."""
        if self.is_graph is None:
            self.is_graph = name == "net"
            self.version = attributes.get("version", "")
        elif name == "layer":
            self._constant = attributes.get("type") == CONSTANT
            operators = attributes.get("version", "")
            if not operators.startswith(OPERATORS) and operators not in BUILT_IN and not self.foreign:
                self.foreign = f"{attributes.get('type', '')} of {operators or 'no set of operators'}"
        elif name == "data" and self._constant:
            self._constant = False
            self._constant_data(attributes)

    def _constant_data(self, attributes: dict[str, str]) -> None:
        try:
            start, size = int(attributes["offset"]), int(attributes["size"])
            shape = [int(part) for part in attributes.get("shape", "").split(",") if part.strip()]
        except (KeyError, ValueError):
            raise ContentError("is damaged: a constant does not say where it lies") from None
        if min(start, size, *shape) < 0:
            raise ContentError("is damaged: a constant lies before the start of its file")
        self.needed = max(self.needed, start + size)
        # A number without any axis is part of the arithmetic that a converter wrote down.
        if shape and attributes.get("element_type") not in NOT_WEIGHTS:
            self.parameters += prod(shape)


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what a graph of OpenVINO is, or ``None`` where the file is none.

    Raises:
        ContentError: it is one, and must not be loaded.
    """
    if archive is not None or not content.head.lstrip(SPACE).startswith((b"<?xml", b"<net")):
        return None
    graph = _read(content)
    if graph is None:
        return None
    if graph.version not in VERSIONS:
        raise ContentError(
            f"is an OpenVINO graph of version {clean(graph.version) or '?'}; convert it again with OpenVINO 2022 or newer"
        )
    if graph.foreign:
        raise ContentError(
            f"needs the custom operator {clean(graph.foreign)}, a native library that is not loaded"
        )
    external = {weights_of(content.path).name: graph.needed} if graph.needed else {}
    return Recognition(Format.OPENVINO, companions=check_files(content.path, external))


def weights_of(artefact: Path) -> Path:
    """Return where the weights of a graph lie: beside it, by its name."""
    return artefact.with_suffix(".bin")


def parameters(artefact: Path) -> int:
    """Return how many numbers the constants of ``artefact`` hold, those of shapes and indices left out."""
    with Content(artefact) as content:
        graph = _read(content)
    return graph.parameters if graph else 0


def _read(content: Content) -> _Graph | None:
    """Read a whole graph, or return ``None`` as soon as it is seen to be something else."""
    graph = _Graph()
    parser = expat.ParserCreate()
    parser.StartElementHandler = graph.begin
    parser.StartDoctypeDeclHandler = _refuse
    try:
        for start in range(0, content.size, STEP):
            size = min(STEP, content.size - start)
            parser.Parse(content.piece(start, size), start + size == content.size)
            if graph.is_graph is False:
                return None
    except expat.ExpatError as error:
        if not graph.is_graph:
            return None
        if error.code in ENDS_EARLY:
            raise CutShortError("is cut short") from None
        raise ContentError(f"is damaged: its graph is no XML, line {parser.CurrentLineNumber}") from None
    return graph if graph.is_graph else None


def _refuse(*_declaration: object) -> None:
    raise ContentError("declares entities, which no graph of OpenVINO does; it is not read further")
