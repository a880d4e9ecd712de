"""Roll back? States exactly which version goes and which one comes back."""

from rich.text import Text

from storage.records import Version
from tui.commands.figures import quality
from tui.dialogs.confirm import Confirm


def rollback(current: Version, previous: Version) -> Confirm:
    """Return the question whether to deploy ``previous`` again instead of ``current``."""
    return Confirm(f"Roll back {current.model}?", body(current, previous), "y  roll back")


def body(current: Version, previous: Version) -> list[Text]:
    """Return what the question shows."""
    return [
        Text.assemble((f"v{current.number} -> v{previous.number}", "bold")),
        Text(),
        _line("now", current),
        _line("then", previous),
        Text(),
        Text(f"No gate is asked. v{current.number} stays on disk: p promotes it again.", "dim"),
    ]


def _line(word: str, version: Version) -> Text:
    return Text.assemble((f"{word:<6}", "dim"), f"v{version.number:<5}", quality(version.evaluation))
