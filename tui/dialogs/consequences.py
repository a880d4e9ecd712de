"""What a switch of the deployed version would change: on the disk, and for whom else. Pure, for the questions that ask."""

from collections.abc import Sequence

from rich.text import Text

from storage.promotion_records import PromotionTarget
from storage.records import Version
from storage.vocabulary import TargetState
from tui.about import wrapped
from tui.commands.figures import clock

UNREAD = "? targets  still being read: esc, then ask again to see who is told"


def consequences(
    current: Version | None,
    new: Version,
    targets: Sequence[PromotionTarget] | None,
    way_back: Text,
    width: int,
) -> list[Text]:
    """Return what would change, and how it is undone, in lines that fit; ``targets`` is ``None`` before they have been read.

    The targets come last: of what may have to be scrolled to they are the least surprising.
    """
    was = "nothing" if current is None else str(current.number)
    link = Text.assemble(
        ("changes  ", "bold dim"),
        f"models/{new.model}/current",
        f"  {was}",
        " -> ",
        (str(new.number), "bold"),
    )
    if targets is None:
        return wrapped([link, way_back, Text(UNREAD)], width)
    if not targets:
        return wrapped(
            [link, way_back, Text("No other system is told: this model has no promotion targets.", "dim")],
            width,
        )
    heading = Text("Told next, in this order; if one fails, all is undone:", "dim")
    return wrapped([link, way_back, heading, *(_target(target) for target in targets)], width)


def _target(target: PromotionTarget) -> Text:
    kind = "" if target.name == target.kind else f" ({target.kind})"
    return Text.assemble("  ", (target.name, "bold"), f"{kind}  ", *_last(target))


def _last(target: PromotionTarget) -> list[str | tuple[str, str]]:
    """Return what became of the last time that a target was told."""
    if target.state is TargetState.UNTOLD:
        return [("never told yet", "dim")]
    if target.state is TargetState.TELLING:
        return [("being told now, or was interrupted", "bold")]
    when = clock(target.at)[:-3]
    if target.state is TargetState.FAILED:
        return [("FAILED", "bold red"), f" {when}: {target.message}"]
    return [f"v{target.version} confirmed ", (when, "dim")]
