"""What versions are and need, in words: pure. The figures are those of the last time that each was loaded.

Names of inputs and outputs are the model's own; they were cleaned before they were stored.
"""

from collections.abc import Sequence

from storage.records import Loading, TensorSpec, Version
from tui.commands.figures import NOT_KNOWN, milliseconds, size
from tui.commands.tables import table

IN_A_CELL = 2
"""Inputs or outputs that a table's cell names; a version on its own page has each on a line."""


def needs_table(versions: Sequence[Version], room: int | None = None) -> str:
    """Return a row for each version that was loaded, in the ``room`` of a terminal, or nothing where none was."""
    headings = ["VERSION", "RUNTIME", "DEVICE", "PARAMETERS", "LOADED IN", "PEAK MEMORY", "INPUTS", "OUTPUTS"]
    rows = [
        [str(version.number), *_needs(version, version.loading), *_signature(version.loading)]
        for version in versions
        if version.loading is not None
    ]
    return (
        table(headings, rows, right=headings[3:6], room=room, spare=("OUTPUTS", "INPUTS", "PARAMETERS"))
        if rows
        else ""
    )


def needs_page(version: Version) -> str:
    """Return what one version is and needs, a line each, or nothing where it was never loaded."""
    if version.loading is None:
        return ""
    names = ("runtime", "device", "parameters", "loaded in", "peak memory")
    rows = [*zip(names, _needs(version, version.loading), strict=True)]
    for name, specs in (("input", version.loading.inputs), ("output", version.loading.outputs)):
        rows += [(name, in_words(spec)) for spec in specs] or [(name, NOT_KNOWN)]
    return "\n".join(f"{name:<12}{value}" for name, value in rows)


def proposed_text(model: str, versions: Sequence[Version]) -> str:
    """Return the lines for model.toml that would make the data fit, ready to be pasted, or nothing.

    Versions whose last evaluation found the same thing wrong share a block.
    """
    blocks: dict[str, list[str]] = {}
    for version in versions:
        if version.failure is not None and version.failure.proposal:
            blocks.setdefault(version.failure.proposal, []).append(str(version.number))
    return "\n".join(
        f"proposed for models/{model}/model.toml"
        + (f", for version {', '.join(numbers)}" if len(blocks) > 1 else "")
        + f":\n{lines}"
        for lines, numbers in blocks.items()
    )


def in_words(spec: TensorSpec) -> str:
    """Return an input or output with its name: ``image float32 [?, 28, 28, 1]``."""
    return f"{spec.name} {spec.describe()}".lstrip()


def in_short(specs: Sequence[TensorSpec]) -> str:
    """Return the first inputs or outputs, and how many more there are."""
    if not specs:
        return NOT_KNOWN
    more = len(specs) - IN_A_CELL
    named = [in_words(spec) for spec in specs[:IN_A_CELL]]
    return ", ".join([*named, f"{more} more"] if more > 0 else named)


def _needs(version: Version, loading: Loading) -> list[str]:
    return [
        f"{loading.runtime} {loading.runtime_version}".rstrip(),
        loading.device,
        NOT_KNOWN if version.parameters is None else f"{version.parameters:,}",
        milliseconds(loading.load_s * 1000),
        size(loading.peak_rss_bytes),
    ]


def _signature(loading: Loading) -> list[str]:
    return [in_short(loading.inputs), in_short(loading.outputs)]
