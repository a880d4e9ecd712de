"""What the tables about the engine itself may say, and the words for what they may not."""

from pathlib import Path

import pytest

from storage.errors import SettingsError
from storage.exposure_settings import Exposure, Log
from storage.settings import read_workspace_settings
from storage.vocabulary import LogLevel


def write(tmp_path: Path, text: str) -> Path:
    """Return a modeltender.toml with this text."""
    file = tmp_path / "modeltender.toml"
    file.write_text(text)
    return file


def test_what_is_written_arrives(tmp_path: Path) -> None:
    """Limits, the file of figures and the log's level, typed."""
    settings = read_workspace_settings(
        write(
            tmp_path,
            """
            [limits]
            nice = 19
            total_gib = 1.5
            [metrics]
            textfile = "/var/lib/node_exporter/a.prom"
            every = "1m"
            listen = "[::1]:9477"
            [log]
            level = "warning"
            """,
        )
    )
    assert (settings.limits.nice, settings.limits.total_gib) == (19, 1.5)
    assert settings.metrics == Exposure(
        textfile="/var/lib/node_exporter/a.prom", every="1m", listen="[::1]:9477"
    )
    assert settings.log == Log(level=LogLevel.WARNING)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[limits]\nnice = 20", "limits.nice: expected 0 to 19, got 20"),
        ("[limits]\nnice = -1", "limits.nice: expected 0 to 19, got -1"),
        ("[limits]\ntotal_gib = 0", "limits.total_gib: expected a number above 0, got 0"),
        ("[limits]\ntotal_gib = inf", "limits.total_gib: expected a finite number, got inf"),
        ("[metrics]\ntextfile = 'out/'", "metrics.textfile: expected the name of a file, got 'out/'"),
        ("[metrics]\nevery = 'often'", "metrics.every: expected a length of time"),
        ("[metrics]\nevery = '0.5s'", "metrics.every: expected 1s or more, got 0.5s"),
        *(
            (
                f"[metrics]\nlisten = '{listen}'",
                "metrics.listen: expected an address of this machine's own and a port",
            )
            for listen in (
                "9477",
                "127.0.0.1",
                "0.0.0.0:9477",
                "10.0.0.1:9477",
                "a.example:9477",
                "127.0.0.1:0",
                "::1:80",
            )
        ),
        ("[log]\nlevel = 'loud'", "log.level: expected one of debug, info, warning, error, got 'loud'"),
        ("[log]\nlevle = 'info'", "log.levle: unknown key; did you mean 'level'?"),
    ],
)
def test_what_cannot_be_is_said(text: str, problem: str, tmp_path: Path) -> None:
    """Each with its key, what was expected and what was there."""
    with pytest.raises(SettingsError) as caught:
        read_workspace_settings(write(tmp_path, text))
    [told] = caught.value.problems
    assert told.startswith(problem)
