"""NVIDIA GPUs through NVML. The cards are a recorded fixture (see recorded_nvml.py), not hardware."""

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest

from engine.devices import nvidia, xid
from engine.devices.hardware import GONE
from engine.devices.nvml import Session
from engine.doctor import machine
from storage.device_details import DeviceProcess, DriverError, Partition
from storage.records import Device
from storage.vocabulary import DeviceKind
from storage.xids import TOLD_S
from tests.unit.engine.devices import trees
from tests.unit.engine.devices.recorded_nvml import GIB, RecordedNvml
from tests.unit.engine.devices.trees import Tree


def read(number: int = 0) -> Device:
    """Return one reading of a card."""
    return nvidia.reader(nvidia.detect()[number]).read(5.0)


def test_cards_are_named_and_numbered(nvml: RecordedNvml) -> None:
    """Each card is found with its name, CUDA's number and its memory, and without any reading."""
    del nvml
    found = nvidia.detect()
    assert [(one.id, one.kind, one.name) for one in found] == [
        ("cuda:0", DeviceKind.GPU, "NVIDIA H100 80GB HBM3"),
        ("cuda:1", DeviceKind.GPU, "NVIDIA T400 4GB"),
    ]
    assert found[0].memory_total_bytes == 80 * GIB
    assert found[0].utilisation is None


def test_reading_has_our_units(nvml: RecordedNvml) -> None:
    """A reading is a share, bytes, degrees and watts."""
    del nvml
    reading = read()
    assert (reading.at, reading.utilisation, reading.memory_used_bytes) == (5.0, 0.81, 20 * GIB)
    assert (reading.temperature_c, reading.power_w) == (67, 412.5)


def test_what_a_card_does_not_expose_is_none(nvml: RecordedNvml) -> None:
    """A sensor that a card lacks reads None, never 0, and the others go on without any complaint."""
    nvml.cards[1].fail(
        pynvml.NVML_ERROR_NOT_SUPPORTED, "nvmlDeviceGetPowerUsage", "nvmlDeviceGetUtilizationRates"
    )
    before = nvidia.detect()[1]
    reading = nvidia.reader(before).read(5.0)
    assert (reading.utilisation, reading.power_w, reading.temperature_c) == (None, None, 67)
    assert reading.note == before.note


def test_lost_card_says_so_and_leaves_the_other(nvml: RecordedNvml) -> None:
    """A card that fell off the bus reads None with a note; the other card is read as before."""
    readers = [nvidia.reader(device) for device in nvidia.detect()]
    nvml.cards[0].fail(pynvml.NVML_ERROR_GPU_IS_LOST)
    lost, other = (reader.read(5.0) for reader in readers)
    assert (lost.utilisation, lost.memory_used_bytes, lost.temperature_c, lost.power_w) == (None,) * 4
    assert "GPU is lost" in lost.note
    assert other.utilisation == 0.81


def test_lost_card_does_not_hide_the_other_from_detection(nvml: RecordedNvml) -> None:
    """A card that is lost when devices are looked for is listed with the reason, and the other keeps its number."""
    nvml.cards[0].fail(pynvml.NVML_ERROR_GPU_IS_LOST)
    lost, other = nvidia.detect()
    assert "GPU is lost" in lost.note
    assert (other.id, other.name) == ("cuda:1", "NVIDIA T400 4GB")


def test_card_that_comes_back_is_read_again(nvml: RecordedNvml) -> None:
    """After the driver was reloaded, the same reader reads again through a new connection."""
    reader = nvidia.reader(nvidia.detect()[0])
    working = dict(nvml.cards[0].answers)
    nvml.cards[0].fail(pynvml.NVML_ERROR_GPU_IS_LOST)
    assert reader.read(5.0).utilisation is None
    nvml.cards[0].answers = working
    assert reader.read(6.0).utilisation == 0.81
    assert nvml.opened == 1


def test_hanging_driver_does_not_hold_up_the_reader(
    nvml: RecordedNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that does not answer costs one deadline, then nothing, and is read again when it recovers."""
    monkeypatch.setattr(nvidia, "READ_S", 0.1)
    reader = nvidia.reader(nvidia.detect()[0])
    nvml.going.clear()
    readings = [reader.read(5.0), reader.read(6.0)]
    assert {reading.note for reading in readings} == {"the NVIDIA driver does not answer"}
    assert {reading.utilisation for reading in readings} == {None}
    nvml.going.set()
    monkeypatch.setattr(nvidia, "READ_S", 30.0)
    deadline = time.monotonic() + 30
    while reader.read(7.0).utilisation is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert reader.read(8.0).utilisation == 0.81


@pytest.mark.parametrize(
    ("question", "answer", "field", "words"),
    [
        ("nvmlDeviceGetTemperature", 4_294_967_295, "temperature_c", "impossible temperature"),
        ("nvmlDeviceGetPowerUsage", 4_294_967_295, "power_w", "impossible power"),
    ],
)
def test_impossible_reading_is_none(
    nvml: RecordedNvml, question: str, answer: int, field: str, words: str
) -> None:
    """A reading that no hardware can have is shown as not known, with a note, and not as a figure."""
    nvml.cards[0].answers[question] = answer
    reading = read()
    assert getattr(reading, field) is None
    assert words in reading.note
    assert reading.utilisation == 0.81


def test_impossible_utilisation_and_memory_are_none(nvml: RecordedNvml) -> None:
    """A busy share above one and more memory used than there is are not known."""
    nvml.cards[0].answers["nvmlDeviceGetUtilizationRates"].gpu = 101
    nvml.cards[0].answers["nvmlDeviceGetMemoryInfo"].used = 81 * GIB
    reading = read()
    assert (reading.utilisation, reading.memory_used_bytes) == (None, None)
    assert "impossible utilisation and memory use" in reading.note


def test_names_may_be_bytes(nvml: RecordedNvml) -> None:
    """Older versions of pynvml answer names as bytes, and control characters in one never get through."""
    nvml.cards[0].answers["nvmlDeviceGetName"] = b"Tesla\x1b[2J T4"
    assert nvidia.detect()[0].name == "Tesla\ufffd[2J T4"


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("1", ["NVIDIA T400 4GB"]),
        ("1,0", ["NVIDIA T400 4GB", "NVIDIA H100 80GB HBM3"]),
        ("GPU-22222222", ["NVIDIA T400 4GB"]),
        ("0,7,1", ["NVIDIA H100 80GB HBM3"]),
        ("", []),
        ("-1", []),
    ],
)
def test_hidden_cards_are_left_out(
    nvml: RecordedNvml, monkeypatch: pytest.MonkeyPatch, visible: str, names: list[str]
) -> None:
    """CUDA_VISIBLE_DEVICES chooses and numbers the cards as CUDA itself reads it, and each is read as itself."""
    del nvml
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    found = nvidia.detect()
    assert [one.name for one in found] == names
    assert [one.id for one in found] == [f"cuda:{number}" for number in range(len(names))]
    for device in found:
        total = nvidia.reader(device).read(5.0).memory_used_bytes
        assert total is not None
        assert device.memory_total_bytes == total * 4


def test_no_driver_no_device(nvml: RecordedNvml, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without NVIDIA's library has no NVIDIA device and nothing to complain about."""
    nvml.initialisation = pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
    monkeypatch.setattr(nvidia, "PROC", tmp_path)
    assert nvidia.detect() == []


def test_driver_without_library_shows_the_card(
    nvml: RecordedNvml, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A card that only the kernel driver knows is shown by its name with the reason, and no figure is invented."""
    nvml.initialisation = pynvml.NVMLError(pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH)
    card = tmp_path / "0000:01:00.0"
    card.mkdir()
    (card / "information").write_text("Model: \t\t NVIDIA GeForce RTX 4090\nIRQ:   \t\t 181\n")
    monkeypatch.setattr(nvidia, "PROC", tmp_path)
    [found] = nvidia.detect()
    assert (found.name, found.memory_total_bytes) == ("NVIDIA GeForce RTX 4090", None)
    assert "version mismatch" in found.note


def test_missing_binding_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the extra for NVIDIA is not installed, a card that is here says how to get its figures."""
    monkeypatch.setitem(sys.modules, "pynvml", None)
    monkeypatch.setattr(nvidia, "session", Session())
    (tmp_path / "0000:01:00.0").mkdir()
    (tmp_path / "0000:01:00.0" / "information").write_text("Model: \t\t NVIDIA H100\n")
    monkeypatch.setattr(nvidia, "PROC", tmp_path)
    [found] = nvidia.detect()
    assert "pip install 'modeltender[nvidia]'" in found.note


def test_errors_of_the_driver_are_heard_of_by_card(nvml: RecordedNvml) -> None:
    """Those that come while it is listened to, with how often and when; none on the other card, and no more after a day."""
    readers = [nvidia.reader(device) for device in nvidia.detect()]
    nvml.cards[0].report(79)  # nobody listens yet
    first = [reader.read(5.0).details for reader in readers]
    assert [(one.driver_errors, one.listening_since, one.deaf) for one in first] == [((), 5.0, "")] * 2
    nvml.cards[0].report(31, 31, 79)
    told, other = (reader.read(6.0).details for reader in readers)
    assert told.driver_errors == (DriverError(31, 2, 6.0), DriverError(79, 1, 6.0))
    assert other.driver_errors == ()
    nvml.cards[0].report(31)
    assert readers[0].read(7.0).details.driver_errors == (DriverError(31, 3, 7.0), DriverError(79, 1, 6.0))
    assert readers[0].read(6.5 + TOLD_S).details.driver_errors == (DriverError(31, 3, 7.0),)
    readers[0].close()
    assert len(nvml.sets) == 1


def test_a_driver_that_came_back_is_listened_to_anew(nvml: RecordedNvml) -> None:
    """What NVML knew before it was closed is not touched any more, and what was heard before is still told."""
    reader = nvidia.reader(nvidia.detect()[0])
    reader.read(5.0)
    nvml.cards[0].report(79)
    reader.read(6.0)
    working = dict(nvml.cards[0].answers)
    nvml.cards[0].fail(pynvml.NVML_ERROR_GPU_IS_LOST)
    reader.read(7.0)
    nvml.cards[0].answers = working
    assert reader.read(8.0).details.listening_since == 8.0
    nvml.cards[0].report(48)
    assert reader.read(9.0).details.driver_errors == (DriverError(79, 1, 6.0), DriverError(48, 1, 9.0))


def test_a_card_whose_errors_cannot_be_heard_of_says_why(nvml: RecordedNvml) -> None:
    """It tells NVML of none, does not know the question, or lets nobody listen; its figures are read all the same."""
    nvml.cards[0].answers["nvmlDeviceGetSupportedEventTypes"] = pynvml.nvmlEventTypePState
    nvml.cards[1].fail(pynvml.NVML_ERROR_NO_PERMISSION, "nvmlDeviceRegisterEvents")
    silent, closed = (read(number) for number in (0, 1))
    assert (silent.details.deaf, silent.details.driver_errors) == (xid.UNTOLD, None)
    assert closed.details.deaf == "NVML: Insufficient Permissions"
    assert (silent.utilisation, closed.utilisation) == (0.81, 0.81)
    assert "errors of its driver (Xid) cannot be heard of" in machine.device(silent).detail
    nvml.cards[0].fail(pynvml.NVML_ERROR_NOT_SUPPORTED, "nvmlDeviceGetSupportedEventTypes")
    assert read(0).details.deaf == "NVML: Not Supported"


def test_what_slows_a_card_is_named(nvml: RecordedNvml) -> None:
    """Clocks and the power limit have our units, and each reason to run slower has its words; idleness is none."""
    reasons = pynvml.nvmlClocksThrottleReasonSwPowerCap | pynvml.nvmlClocksThrottleReasonSwThermalSlowdown
    nvml.cards[0].answers["nvmlDeviceGetCurrentClocksThrottleReasons"] = reasons
    nvml.cards[1].answers["nvmlDeviceGetCurrentClocksThrottleReasons"] = (
        pynvml.nvmlClocksThrottleReasonGpuIdle
    )
    told = read(0).details
    assert (told.clock_mhz, told.highest_clock_mhz, told.power_limit_w) == (1755.0, 1980.0, 700.0)
    assert told.slowed_by == ("its power limit", "heat")
    assert told.memory_utilisation == 0.4
    assert told.driver == "NVIDIA 570.86.15, CUDA 12.8"
    assert read(1).details.slowed_by == ()


def test_errors_of_memory_are_counted(nvml: RecordedNvml) -> None:
    """A card with error correction tells its errors; one without tells None, never 0."""
    nvml.cards[0].answers["nvmlDeviceGetTotalEccErrors"] = 3
    nvml.cards[1].fail(pynvml.NVML_ERROR_NOT_SUPPORTED, "nvmlDeviceGetTotalEccErrors")
    assert (read(0).details.corrected_errors, read(0).details.uncorrected_errors) == (3, 3)
    assert (read(1).details.corrected_errors, read(1).details.uncorrected_errors) == (None, None)


def test_who_uses_a_card(nvml: RecordedNvml) -> None:
    """Each process has its memory and its latest share of the card, where the driver tells them."""
    answers = nvml.cards[0].answers
    answers["nvmlDeviceGetComputeRunningProcesses"] = [
        SimpleNamespace(pid=4711, usedGpuMemory=2 * GIB),
        SimpleNamespace(pid=815, usedGpuMemory=None),
    ]
    answers["nvmlDeviceGetProcessUtilization"] = [
        SimpleNamespace(pid=4711, timeStamp=2_000_000, smUtil=97),
        SimpleNamespace(pid=4711, timeStamp=1_000_000, smUtil=12),
    ]
    assert read().details.processes == (
        DeviceProcess(815, None, None),
        DeviceProcess(4711, 2 * GIB, 0.97),
    )


def test_processes_that_are_not_exposed_are_none(nvml: RecordedNvml) -> None:
    """Where the driver tells of no process, that is not known; where it tells that there is none, there is none."""
    assert read().details.processes == ()
    nvml.cards[0].fail(
        pynvml.NVML_ERROR_NOT_SUPPORTED,
        "nvmlDeviceGetComputeRunningProcesses",
        "nvmlDeviceGetGraphicsRunningProcesses",
    )
    assert read().details.processes is None


def test_no_samples_of_processes_is_no_trouble(nvml: RecordedNvml) -> None:
    """A driver that has no sample of any process yet is no reason to complain."""
    nvml.cards[0].fail(pynvml.NVML_ERROR_NOT_FOUND, "nvmlDeviceGetProcessUtilization")
    before = nvidia.detect()[0]
    assert nvidia.reader(before).read(5.0).note == before.note


def test_divided_card_shows_its_instances(nvml: RecordedNvml) -> None:
    """A card in MIG mode lists its instances with their memory, and says that its own use is not exposed."""
    nvml.cards[0].divide(2)
    nvml.cards[0].fail(pynvml.NVML_ERROR_NOT_SUPPORTED, "nvmlDeviceGetUtilizationRates")
    found = nvidia.detect()[0]
    reading = nvidia.reader(found).read(5.0)
    part = Partition("NVIDIA H100 80GB HBM3 MIG 1g.10gb", 10 * GIB // 4, 10 * GIB)
    assert reading.details.partitions == (part, part)
    assert reading.utilisation is None
    assert "divided into instances" in reading.note


def test_instance_that_is_named_shows_its_card(nvml: RecordedNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA_VISIBLE_DEVICES may name an instance of a divided card; the card is then the one that is seen."""
    nvml.cards[1].divide(2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-11111111-aaaa-bbbb-cccc-000000000000")
    assert [one.name for one in nvidia.detect()] == ["NVIDIA T400 4GB"]


def test_older_driver_tells_its_memory_otherwise(nvml: RecordedNvml, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that lacks the newer question about memory is asked the older one."""
    real = nvml.cards[0].answers["nvmlDeviceGetMemoryInfo"]

    def older(_card: object, version: int | None = None) -> object:
        if version is not None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
        return real

    monkeypatch.setattr(nvml, "nvmlDeviceGetMemoryInfo", older, raising=False)
    assert read().memory_used_bytes == 20 * GIB


def test_card_that_is_unplugged_is_gone(nvml: RecordedNvml) -> None:
    """A card that the driver does not count any more is gone, and its neighbour is not read in its place."""
    readers = [nvidia.reader(device) for device in nvidia.detect()]
    del nvml.cards[1]
    assert [reader.read(5.0).note for reader in readers] == ["", GONE]


def test_why_each_runtime_cannot_use_a_card(nvml: RecordedNvml) -> None:
    """A card names every runtime: those that can use it here, and for each other the reason and what helps."""
    del nvml
    found = nvidia.detect()[0]
    told = {one.runtime: (one.reason, one.remedy) for one in found.obstacles}
    assert told["onnxruntime"] == (
        "onnxruntime has no CUDA provider",
        "pip uninstall onnxruntime; pip install 'onnxruntime-gpu[cuda,cudnn]'",
    )
    assert told["litert"][0] == "its models are run on cpu only"
    assert not set(told) & set(found.usable_by)


def test_card_that_a_container_hides(
    nvml: RecordedNvml, tree: Tree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A container that sees a card but was not given it says so, and how to pass it in."""
    nvml.initialisation = pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
    (tree.dev / nvidia.CONTROL).unlink()
    card = tmp_path / "proc" / "0000:01:00.0"
    card.mkdir(parents=True)
    (card / "information").write_text("Model: \t\t NVIDIA H100\n")
    monkeypatch.setattr(nvidia, "PROC", tmp_path / "proc")
    [found] = nvidia.detect()
    assert found.usable_by == ()
    told = {one.runtime: one for one in found.obstacles}
    torch = told["torchscript"]
    assert "built without CUDA" in torch.reason or "nvidiactl is not here" in torch.reason


@pytest.mark.parametrize(
    ("driver", "words"), [("", "no driver holds it"), ("nouveau", "the driver nouveau holds it")]
)
def test_card_without_the_driver_is_shown(
    nvml: RecordedNvml, tree: Tree, monkeypatch: pytest.MonkeyPatch, driver: str, words: str
) -> None:
    """A card that another driver holds, or none, is listed with what CUDA needs, and without figures."""
    nvml.initialisation = pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
    monkeypatch.setattr(nvidia, "PROC", tree.sys / "none")
    trees.nvidia_without_driver(tree, driver)
    [found] = nvidia.detect()
    assert (found.name, found.memory_total_bytes) == ("NVIDIA 0x2330", None)
    assert found.note.startswith(words)
    assert "--gpus all" in found.note
