"""What content asks for by name, and nothing but the trust of its owner allows.

Owns the difference between content that is wrong in itself (damaged, a bomb, reaching outside its folder), which no
trust mends, and content that is in order and names code. It must not know any format, nor who trusts what.
"""

from collections.abc import Iterable

import msgspec

from storage.errors import RefusedError

SHOWN_EVIDENCE = 20
"""Names of one file that are kept: more say nothing new to the person who has to judge them."""


class Doubt(msgspec.Struct, frozen=True):
    """Something that a whole and well-formed model asks for, which an owner may allow."""

    reason: str
    """Completes the sentence "FILE …"."""
    evidence: tuple[str, ...]
    """Each thing that was found, by its name."""
    harmful: bool = True
    """Whether it looks made to do harm, as against needing what is not there."""


class DoubtedError(RefusedError):
    """What must not be loaded for a doubt alone."""

    def __init__(self, subject: str, doubt: Doubt) -> None:
        super().__init__(f"{subject} {doubt.reason}.")
        self.doubt = doubt


def gathered(doubts: Iterable[Doubt]) -> Doubt | None:
    """Return the doubts about one file as one: the worst speaks, the evidence of all is kept; ``None`` without any."""
    found = sorted(doubts, key=lambda doubt: not doubt.harmful)
    if not found:
        return None
    evidence = dict.fromkeys(name for doubt in found for name in doubt.evidence)
    return msgspec.structs.replace(found[0], evidence=tuple(evidence)[:SHOWN_EVIDENCE])
