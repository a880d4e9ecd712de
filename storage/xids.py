"""What the numbers mean that NVIDIA's driver gives its errors (Xid), and whose fault each mostly is.

What they mean is in NVIDIA's catalogue, https://docs.nvidia.com/deploy/xid-errors/. Several causes are possible for most;
which one is named here is where to begin, and our own choice. It must not know where they were heard of.
"""

from typing import Final, NamedTuple

TOLD_S: Final = 86400.0
"""An error is told of for a day: after that, a device on which none followed has shown that it works."""


class Xid(NamedTuple):
    """What one number means."""

    meaning: str
    cause: str
    grave: bool = True
    """Whether the card, or its driver, cannot be relied on until somebody has acted."""

    def sentence(self, number: int) -> str:
        """Return it in words."""
        return f"Xid {number}, {self.meaning} ({self.cause})"


APPLICATION: Final = "mostly the program's mistake"
HARDWARE: Final = "hardware"
DRIVER: Final = "driver or firmware"

XIDS: Final = {
    13: Xid("an exception in a program on it", APPLICATION, grave=False),
    31: Xid("a program reached for memory that it may not use", APPLICATION, grave=False),
    43: Xid("a program's work was stopped", APPLICATION, grave=False),
    45: Xid(
        "work was removed after an earlier error, or because its program ended", APPLICATION, grave=False
    ),
    48: Xid("an error of its memory that could not be corrected", HARDWARE),
    61: Xid("a warning of its micro-controller", DRIVER),
    62: Xid("its micro-controller halted", DRIVER),
    63: Xid("bad memory is taken out of use when it begins anew", HARDWARE, grave=False),
    64: Xid("bad memory could not be taken out of use", HARDWARE),
    74: Xid("an error of NVLink", HARDWARE),
    79: Xid("it has fallen off the bus", HARDWARE),
    92: Xid("many errors of its memory that were corrected", HARDWARE, grave=False),
    94: Xid("an error of its memory that ended one program only", HARDWARE),
    95: Xid("an error of its memory that may have spoilt others' results", HARDWARE),
    119: Xid("its system processor (GSP) does not answer", DRIVER),
    120: Xid("an error of its system processor (GSP)", DRIVER),
}


def xid(number: int) -> Xid:
    """Return what a number means; one that is not listed here is looked up in NVIDIA's catalogue."""
    return XIDS.get(number, Xid("see docs.nvidia.com/deploy/xid-errors", "of unknown cause"))
