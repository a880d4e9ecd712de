"""What the engine knows about SavedModel folders without TensorFlow: how to tell one, and what it may do.

Owns the recognition of ``saved_model.pb``, whose folder is the model, and the judgement of its operators. It must
not import TensorFlow; the sandbox is the wall, the refusals here are the explanation.
"""

from collections.abc import Iterator
from pathlib import Path

from engine.artefacts.archive import Archive
from engine.artefacts.content import Content, ContentError, CutShortError
from engine.artefacts.doubts import Doubt, gathered
from engine.artefacts.messages import BYTES, VARINT, Field, Walk
from engine.protocols import Recognition, RuntimeSpec
from engine.runtimes.savedmodel.graph import Facts, ModelField, reached, read_facts
from engine.runtimes.savedmodel.operators import DOES, SAVES
from engine.runtimes.savedmodel.parts import find_parts
from storage.text import clean
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="savedmodel",
    framework="tensorflow",
    formats=(Format.SAVED_MODEL,),
    distributions=("tensorflow",),
    extra="tensorflow",
    loader="engine.runtimes.savedmodel.loader:load",
    needs_sandbox=False,
    options=("signature",),
    alternatives=(
        ("tensorflow", "tensorflow-cpu"),
        ("tensorflow", "tensorflow-rocm"),
        ("tensorflow", "tf-nightly"),
    ),
)

NAME = "saved_model.pb"
"""TensorFlow is given the folder and looks for this name."""

VERSION = 1
"""The only version of the format that there has ever been."""

SERVE = "serve"
"""The tag of a graph that answers, as against one that trains."""

WIRES: dict[int, int] = {ModelField.VERSION: VARINT, ModelField.META_GRAPHS: BYTES}
"""A SavedModel has nothing but its version and its graphs."""

SHOWN = 3
"""Operators that a sentence names."""


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what the graph of a SavedModel is together with its folder, or ``None`` where it is none.

    Raises:
        ContentError: it is one, and must not be loaded.
    """
    if archive is not None:
        return None
    walk = Walk(content)
    graphs = _outline(walk, content)
    if graphs is None:
        return None
    if content.path.name != NAME:
        raise ContentError(f"is the graph of a SavedModel; in its folder it must be called {NAME}")
    facts = [read_facts(walk, graph) for graph in graphs]
    if not any(SERVE in found.tags for found in facts):
        tags = sorted(set().union(*(found.tags for found in facts)))
        listed = clean(", ".join(tags)) or "nothing that is said"
        raise ContentError(f"holds graphs for {listed}, none for {SERVE}")
    assets: set[str] = set().union(*(found.assets for found in facts))
    parts = find_parts(content.path, assets, has_variables=any(found.saver for found in facts))
    doubt = gathered(doubt for found in facts for doubt in _doubts(found))
    return Recognition(Format.SAVED_MODEL, companions=parts, doubt=doubt)


def count_graphs(artefact: Path) -> int:
    """Return how many graphs ``artefact`` holds; more than one where each is for other tags."""
    with Content(artefact) as content:
        fields = Walk(content).fields(0, content.size)
        return sum(field.number == ModelField.META_GRAPHS for field in fields)


def _outline(walk: Walk, content: Content) -> list[Field] | None:
    """Return the graphs, or ``None`` where the bytes are no SavedModel."""
    fields: list[Field] = []
    try:
        for field in walk.fields(0, content.size):
            if WIRES.get(field.number) != field.wire:
                return None
            fields.append(field)
    except CutShortError:
        if content.path.name == NAME and _begins_well(fields):
            raise
        return None
    except ContentError:
        # No protocol buffer at all: somebody else's format.
        return None
    graphs = [field for field in fields if field.number == ModelField.META_GRAPHS]
    return graphs if _begins_well(fields) and graphs else None


def _begins_well(fields: list[Field]) -> bool:
    return any(field.number == ModelField.VERSION and field.value == VERSION for field in fields)


def _doubts(facts: Facts) -> Iterator[Doubt]:
    """Yield what the operators of a graph would do that a deployed model has no use for."""
    bodies = [facts.main, *facts.functions.values()]
    used = sorted(operator for body in bodies for operator in body.operators & DOES.keys())
    if used:
        names = ", ".join(dict.fromkeys(used[:SHOWN]))
        yield Doubt(f"uses {names}, which {DOES[used[0]]}", tuple(f"{name}: {DOES[name]}" for name in used))
    if any(place.startswith("file:") for body in bodies for place in body.prints_to):
        yield Doubt("uses PrintV2 to write files", ("PrintV2: writes files",))
    own = _reached_by_saver(facts)
    for name, body in facts.functions.items():
        misused = sorted(body.operators & SAVES)
        if misused and name not in own:
            reason = f"uses {misused[0]} outside of restoring its variables, to read or write files"
            yield Doubt(reason, tuple(f"{name}: reads or writes files" for name in misused))


def _reached_by_saver(facts: Facts) -> set[str]:
    """Return the functions that only the nodes which restore and save lead to."""
    calls = {name: called for name, called in facts.callers.items() if name in facts.saver}
    saver = reached(facts, set().union(*calls.values()))
    others = {name for node, called in facts.callers.items() if node not in facts.saver for name in called}
    return saver - reached(facts, others | (facts.functions.keys() - saver))
