"""How a console calls a person who looks elsewhere: the terminal's bell, and a word in its title.

Owns which notices were rung for. Where they come from, and whether anybody wants to be called at all, is the engine's:
what is told by the way `console` is rung for once by every console that is open.
"""

from collections.abc import Callable
from typing import Final

from storage.notice_records import Delivery
from storage.text import clean

BELL: Final = "\a"
KEEP_TITLE: Final = "\x1b[22;2t"
GIVE_BACK_TITLE: Final = "\x1b[23;2t"
"""xterm's way to put a title aside and have it back; terminals without it keep what they have."""

TITLE: Final = 80
"""Characters of a title: what tabs and task bars show, and more."""


class Caller:
    """Rings once for each message; what was told before this console opened is old."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._known: tuple[float, int] | None = None
        self.titled = False
        """Whether the terminal's own title was put aside."""

    def hear(self, latest: Delivery | None) -> None:
        """Take the latest that consoles were told."""
        # By the time of telling: what waited for the end of quiet hours is older than what was told meanwhile.
        told = (0.0, 0) if latest is None else (latest.told_at or 0.0, latest.notice.id)
        before, self._known = self._known, told
        if latest is None or before is None or told <= before:
            return
        if not self.titled:
            self.titled = True
            self._write(KEEP_TITLE)
        self._write(f"\x1b]2;{title(latest)}\x1b\\{BELL}")


def title(latest: Delivery) -> str:
    """Return what a title says of the latest notice, without anything that could end it."""
    notice = latest.notice
    name = notice.model + (f"@{notice.version}" if notice.version is not None else "") or "workspace"
    word = "over" if notice.ended else str(notice.severity)
    return clean(f"{word}: {name} {notice.code} - modeltender", TITLE)
