"""Writes down what NVML answers on a machine with a real NVIDIA GPU, at rest and at work, as a fixture for tests.

``python3 record_nvml.py nvml.json`` needs nothing but Python, nvidia-ml-py and, for the work, torch. It asks every
question that `engine.devices.nvidia` asks, several times, and keeps each answer or the number of its error. UUIDs,
serial numbers and bus addresses are made up, so that the file tells of a kind of card and of no particular one.
"""

import datetime as dt
import json
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pynvml

READINGS = {"at rest": 2, "at work": 4, "after work": 2}
PAUSE_S = 0.2

WARM_S = 60.0
"""How long torch may take until its matrices are on the GPU."""

WORK = """
import sys, time, torch
size = 8192
left = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
right = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
torch.cuda.synchronize()
print("ready", flush=True)
until = time.monotonic() + 120
while time.monotonic() < until:
    for _ in range(20):
        torch.matmul(left, right)
    torch.cuda.synchronize()
"""

SYSTEM = (
    ("nvmlSystemGetDriverVersion",),
    ("nvmlSystemGetNVMLVersion",),
    ("nvmlSystemGetCudaDriverVersion_v2",),
    ("nvmlDeviceGetCount",),
)
"""Questions about the machine, each with its arguments."""

ABOUT_A_CARD = (
    ("nvmlDeviceGetName",),
    ("nvmlDeviceGetUUID",),
    ("nvmlDeviceGetMemoryInfo",),
    ("nvmlDeviceGetMemoryInfo", "nvmlMemory_v2"),
    ("nvmlDeviceGetUtilizationRates",),
    ("nvmlDeviceGetTemperature", "NVML_TEMPERATURE_GPU"),
    ("nvmlDeviceGetPowerUsage",),
    ("nvmlDeviceGetEnforcedPowerLimit",),
    ("nvmlDeviceGetTotalEnergyConsumption",),
    ("nvmlDeviceGetClockInfo", "NVML_CLOCK_SM"),
    ("nvmlDeviceGetClockInfo", "NVML_CLOCK_MEM"),
    ("nvmlDeviceGetMaxClockInfo", "NVML_CLOCK_SM"),
    ("nvmlDeviceGetMaxClockInfo", "NVML_CLOCK_MEM"),
    ("nvmlDeviceGetCurrentClocksThrottleReasons",),
    ("nvmlDeviceGetCurrentClocksEventReasons",),
    ("nvmlDeviceGetSupportedClocksEventReasons",),
    ("nvmlDeviceGetPerformanceState",),
    ("nvmlDeviceGetEccMode",),
    ("nvmlDeviceGetTotalEccErrors", "NVML_MEMORY_ERROR_TYPE_CORRECTED", "NVML_VOLATILE_ECC"),
    ("nvmlDeviceGetTotalEccErrors", "NVML_MEMORY_ERROR_TYPE_UNCORRECTED", "NVML_VOLATILE_ECC"),
    ("nvmlDeviceGetTotalEccErrors", "NVML_MEMORY_ERROR_TYPE_UNCORRECTED", "NVML_AGGREGATE_ECC"),
    ("nvmlDeviceGetRemappedRows",),
    ("nvmlDeviceGetMigMode",),
    ("nvmlDeviceGetMaxMigDeviceCount",),
    ("nvmlDeviceGetPersistenceMode",),
    ("nvmlDeviceGetCudaComputeCapability",),
    ("nvmlDeviceGetComputeRunningProcesses",),
    ("nvmlDeviceGetGraphicsRunningProcesses",),
    ("nvmlDeviceGetProcessUtilization", 0),
    ("nvmlDeviceGetSupportedEventTypes",),
    ("nvmlDeviceGetFanSpeed",),
)
"""Questions about one card, each with its further arguments: numbers, or names of NVML's constants."""

FRAMEWORKS = (
    "torch",
    "onnxruntime",
    "onnxruntime-gpu",
    "tensorflow",
    "openvino",
    "nvidia-cudnn-cu12",
    "nvidia-cudnn-cu13",
    "nvidia-ml-py",
)

PROC = Path("/proc/driver/nvidia/gpus")


def main() -> None:
    """Record into the file that is named."""
    target = Path(sys.argv[1])
    pynvml.nvmlInit()
    cards = range(pynvml.nvmlDeviceGetCount())
    names = [_text(pynvml.nvmlDeviceGetName(_handle(card))) for card in cards]
    uuids = {_text(pynvml.nvmlDeviceGetUUID(_handle(card))): _made_up(card) for card in cards}
    moments = []
    moments += _moments("at rest", cards)
    worker = subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _await_ready(worker)
        time.sleep(1.0)
        moments += _moments("at work", cards)
    finally:
        worker.kill()
        worker.wait()
    time.sleep(1.0)
    moments += _moments("after work", cards)
    recording = {
        "what": f"Recorded by tests/devices/record_nvml.py on a real machine with {' and '.join(names)}",
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "worker": worker.pid,
        "proc": [_information(file) for file in sorted(PROC.glob("*/information"))],
        "nodes": sorted(str(node) for node in Path("/dev").glob("nvidia*")),
        "installed": {name: found for name in FRAMEWORKS if (found := _installed(name))},
        "moments": moments,
    }
    pynvml.nvmlShutdown()
    # An answer a line, so that two recordings can be compared.
    text = json.dumps(recording).replace('{"function"', '\n{"function"').replace('{"state"', '\n{"state"')
    for real, other in uuids.items():
        text = text.replace(real, other)
    target.write_text(text + "\n")
    print(f"{len(moments)} moments of {len(cards)} cards in {target}: {len(text)} bytes")


def _await_ready(worker: "subprocess.Popen[bytes]") -> None:
    began = time.monotonic()
    line = worker.stdout.readline() if worker.stdout else b""
    if line.strip() != b"ready" or time.monotonic() - began > WARM_S:
        worker.kill()
        raise SystemExit(f"torch did not begin to work: {worker.communicate()[1].decode()[-2000:]}")


def _moments(state: str, cards: "range") -> list[dict[str, Any]]:
    moments = []
    for _ in range(READINGS[state]):
        answers = [_ask(words, None) for words in SYSTEM]
        answers += [_ask(words, card) for card in cards for words in ABOUT_A_CARD]
        moments.append({"state": state, "at": time.time(), "answers": answers})
        time.sleep(PAUSE_S)
    return moments


def _ask(words: tuple[Any, ...], card: int | None) -> dict[str, Any]:
    """Put one question; ``card`` is the index of the card that it is about."""
    name, *rest = words
    asked: dict[str, Any] = {"function": name, "card": card, "arguments": rest}
    began = time.perf_counter()
    try:
        arguments = [getattr(pynvml, word) if isinstance(word, str) else word for word in rest]
        handles = [] if card is None else [_handle(card)]
        answer = getattr(pynvml, name)(*handles, *arguments)
    except pynvml.NVMLError as error:
        return asked | {"error": error.value, "says": str(error)}
    except Exception as error:  # noqa: BLE001 - another version of the binding lacks it or asks for more: the rest still counts
        return asked | {"missing": repr(error)}
    took_us = (time.perf_counter() - began) * 1e6
    return asked | {"answer": _plain(answer), "took_us": round(took_us, 1)}


def _plain(answer: Any) -> Any:
    """Return an answer as JSON has it: structures as their fields."""
    if answer is None or isinstance(answer, int | float | str):
        return answer
    if isinstance(answer, bytes):
        return _text(answer)
    if isinstance(answer, list | tuple):
        return [_plain(one) for one in answer]
    names = [field[0] for field in getattr(answer, "_fields_", ())] or list(vars(answer))
    return {name: _plain(getattr(answer, name)) for name in names}


def _information(file: Path) -> str:
    """Return what the kernel driver says of a card, without what tells one card from another."""
    kept = ("Model:", "IRQ:", "Video BIOS:", "Bus Type:", "DMA Size:", "GPU Excluded:")
    lines = file.read_text(errors="replace").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith(kept))


def _installed(name: str) -> dict[str, Any] | None:
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    requires = [line for line in found.requires or [] if line.startswith(("nvidia-", "cuda-"))]
    return {"version": found.version, "requires": requires}


def _handle(card: int) -> Any:
    return pynvml.nvmlDeviceGetHandleByIndex(card)


def _made_up(card: int) -> str:
    return f"GPU-{card:08d}-0000-4000-8000-000000000000"


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


if __name__ == "__main__":
    main()
