"""The list of devices, once or again and again."""

import pytest

from storage.database import Writer
from tests.unit.tui.commands.conftest import Run
from tui.command_line import INTERRUPTED


def test_a_device_is_shown_with_its_use(ask: Run) -> None:
    """Use and memory have their units; what is not exposed is n/a."""
    lines = ask("devices").out.splitlines()
    assert lines[0].split() == ["DEVICE", "KIND", "BUSY", "MEMORY", "OF", "NAME", "USABLE", "BY", "NOTE"]
    assert lines[1].split() == [
        "cpu",
        "cpu",
        "37%",
        "2.0",
        "GiB",
        "8.0",
        "GiB",
        "A",
        "processor",
        "keras,",
        "onnx",
    ]
    assert lines[2].split() == [
        "npu:0",
        "npu",
        "n/a",
        "n/a",
        "n/a",
        "A",
        "neural",
        "one",
        "n/a",
        "no",
        "driver",
    ]


def test_json_has_the_reading(ask: Run) -> None:
    """Scripts get shares of one and bytes."""
    cpu = ask("devices", "--json").json[0]
    assert (cpu["utilisation"], cpu["memory_used_bytes"], cpu["memory_total_bytes"]) == (0.37, 2**31, 2**33)
    assert cpu["usable_by"] == ["keras", "onnx"]


def test_watching_goes_on_until_ctrl_c(ask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --watch the list comes again; where nobody looks at a terminal, without escape sequences."""
    pauses = iter(range(2))

    def pause(_seconds: float) -> None:
        if next(pauses, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr("tui.commands.devices.time.sleep", pause)
    said = ask("devices", "--watch")
    assert said.status == INTERRUPTED
    assert said.out.count("DEVICE") == 3
    assert "\x1b" not in said.out


def test_no_devices_yet_is_a_sentence(ask: Run, writer: Writer) -> None:
    """Before the engine has looked there is nothing to list, which is said."""
    with writer.transaction() as connection:
        connection.execute("DELETE FROM devices")
    assert "No devices are known yet" in ask("devices").out
