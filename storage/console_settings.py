"""The table ``[console]`` of ``modeltender.toml``: how the console looks to everybody who opens this workspace."""

from storage.settings_file import Settings
from storage.vocabulary import Look


class ConsoleSettings(Settings, frozen=True, kw_only=True):
    """What a person may also choose for themselves, by the environment or by a key."""

    theme: Look = Look.AUTO
    """The colours; ``auto`` asks the terminal."""
    mouse: bool = True
    """Whether the console hears clicks and the wheel; text is then selected with Shift held. Never in GNU screen."""
