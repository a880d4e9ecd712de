"""The list of devices, once or again and again."""

import pytest

from storage.database import Writer
from storage.device_details import DeviceDetails, DeviceProcess, Obstacle, Partition
from storage.records import Device
from storage.tables import devices
from storage.vocabulary import DeviceKind
from tests.unit.tui.commands.conftest import Run
from tests.unit.tui.commands.rows import NOW
from tui.command_line import INTERRUPTED


def test_a_device_is_shown_with_its_use(ask: Run) -> None:
    """Use and memory have their units; what is not exposed is n/a."""
    lines = ask("devices").out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["DEVICE", "KIND", "BUSY", "MEMORY", "OF", "TEMP", "POWER", "NAME"],
        ["cpu", "cpu", "37%", "2.0", "GiB", "8.0", "GiB", "n/a", "n/a", "A", "processor"],
        ["npu:0", "npu", "n/a", "n/a", "n/a", "n/a", "n/a", "A", "neural", "one"],
    ]


def test_what_else_is_known_stands_below(ask: Run) -> None:
    """Each device has what it tells besides, who uses it, and why runtimes cannot, those with one reason together."""
    below = ask("devices").out.split("\n\n")[1:]
    cpu, npu = below
    assert cpu.splitlines() == [
        "cpu: A processor",
        "  2,400 of 3,500 MHz; slowed by heat; load 1.25 0.50 0.25; no swap; waits for",
        "    processor 12%, memory 0%",
        "  used by digits (process 4711, 1.0 GiB, 50%)",
        "  runs keras, onnx",
    ]
    assert npu.splitlines() == [
        "npu:0: A neural one",
        "  no driver",
        "  runs no model here",
        "  not keras: tensorflow finds no NPU",
        "    pip install something",
        "  not onnx, litert: its models are run on cpu only",
    ]


def test_lines_fit_80_columns(ask: Run, writer: Writer) -> None:
    """However long a name or a reason is, no line is wider than a terminal; a command to copy stays whole."""
    command = "pip install " + "x" * 100
    long = Device(
        id="cuda:0",
        kind=DeviceKind.GPU,
        name="NVIDIA " + "Y" * 53,
        usable_by=tuple(f"runtime-{number}" for number in range(20)),
        note="a note " * 20,
        memory_total_bytes=2**37,
        at=NOW,
        temperature_c=65.0,
        power_w=689.3,
        obstacles=(Obstacle("onnx", "a reason " * 15, command),),
        details=DeviceDetails(
            power_limit_w=700.0,
            corrected_errors=2,
            uncorrected_errors=0,
            memory_utilisation=0.4,
            held_back=0.25,
            partitions=(Partition("MIG 1g.10gb", 2**30, 2**33),) * 4,
            processes=tuple(DeviceProcess(number, None, None) for number in range(9)),
        ),
    )
    with writer.transaction() as connection:
        devices.replace(connection, [long])
        devices.add_samples(connection, [long])
    lines = ask("devices").out.splitlines()
    assert [line.strip() for line in lines if len(line) > 80] == [command]
    shown = " ".join(line.strip() for line in lines)
    for words in (
        "65 °C",
        "689 W",
        "power limit 700 W",
        "memory errors: 2 corrected, 0 not",
        "memory busy 40%",
    ):
        assert words in shown
    assert "held back for 25% of the time" in shown
    assert "process 4 (n/a) and 4 more" in shown
    assert "MIG 1g.10gb (1.0 GiB of 8.0 GiB)" in shown


def test_sleeping_device_says_so(ask: Run, writer: Writer) -> None:
    """A device that is powered down is asleep, which is not 0 %."""
    asleep = Device(
        id="rocm:0",
        kind=DeviceKind.GPU,
        name="A card",
        usable_by=(),
        note="",
        memory_total_bytes=None,
        at=NOW,
        details=DeviceDetails(asleep=True),
    )
    with writer.transaction() as connection:
        devices.replace(connection, [asleep])
        devices.add_samples(connection, [asleep])
    assert ask("devices").out.splitlines()[1].split()[:3] == ["rocm:0", "gpu", "asleep"]
    assert ask("devices", "--json").json[0]["asleep"] is True


def test_json_has_the_reading(ask: Run) -> None:
    """Scripts get shares of one and bytes, everything that is told, and null for what is not exposed."""
    cpu, npu = ask("devices", "--json").json
    assert (cpu["utilisation"], cpu["memory_used_bytes"], cpu["memory_total_bytes"]) == (0.37, 2**31, 2**33)
    assert cpu["usable_by"] == ["keras", "onnx"]
    assert (cpu["at"], cpu["clock_mhz"], cpu["load"]) == ("2025-06-15T15:06:40Z", 2400.0, [1.25, 0.5, 0.25])
    assert cpu["pressure"] == {"cpu": 0.12, "memory": 0.0, "disk": None}
    assert cpu["processes"] == [{"pid": 4711, "memory_bytes": 2**30, "utilisation": 0.5, "model": "digits"}]
    assert npu["unusable_by"][0] == {
        "runtime": "keras",
        "reason": "tensorflow finds no NPU",
        "remedy": "pip install something",
    }
    assert (npu["utilisation"], npu["temperature_c"], npu["processes"], npu["at"]) == (None, None, None, None)


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
