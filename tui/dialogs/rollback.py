"""Roll back? States exactly which version goes and which one comes back."""

from collections.abc import Sequence
from functools import partial

from rich.text import Text

from storage.promotion_records import PromotionTarget
from storage.records import Version
from tui.about import wrapped
from tui.commands.figures import quality
from tui.dialogs.confirm import Confirm
from tui.dialogs.consequences import consequences


def rollback(current: Version, previous: Version, targets: Sequence[PromotionTarget] | None) -> Confirm:
    """Return the question whether to deploy ``previous`` again instead of ``current``."""
    return Confirm(f"Roll back {current.model}?", partial(body, current, previous, targets), "y  roll back")


def body(
    current: Version, previous: Version, targets: Sequence[PromotionTarget] | None, width: int
) -> list[Text]:
    """Return what the question shows, in lines that fit."""
    way_back = Text(f"The gate is not asked. v{current.number} stays on disk: p promotes it again.", "dim")
    return [
        Text.assemble((f"v{current.number} -> v{previous.number}", "bold")),
        Text(),
        *wrapped([_line("now", current), _line("then", previous)], width),
        Text(),
        *consequences(current, previous, targets, way_back, width),
    ]


def _line(word: str, version: Version) -> Text:
    return Text.assemble((f"{word:<6}", "dim"), f"v{version.number:<5}", quality(version.evaluation))
