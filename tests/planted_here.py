"""Faults of the machine and of the workspace, planted.

Devices that go, fail or overheat, processes that keep what they are given, disks that are full, engines that crash, walls
that are missing.
"""

import gc
import mmap
import warnings
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import psutil
from numpy.typing import NDArray

from engine import wiring
from storage.device_details import DeviceDetails
from storage.maintenance_settings import WorkspaceChecks
from storage.records import Device
from storage.settings import WorkspaceSettings
from storage.tables import devices
from storage.tables import engine as engine_table
from storage.vocabulary import DeviceKind, Format, Layer, LayerState
from tests.tiny_models import weights
from tests.ward import Ward

SOON_S = 30.0
"""Readings are told to be of a moment ahead, so that they are still fresh where the machine is busy."""

STEP_S = 900.0
"""Between two checks of the workspace whose readings of memory both count."""

LOOKS = 12
"""Readings that a trend needs."""

PROCESSOR = Device(
    id="cpu",
    kind=DeviceKind.CPU,
    name="a processor",
    usable_by=("onnxruntime", "torch"),
    note="",
    memory_total_bytes=1 << 34,
)
CARD = msgspec.structs.replace(PROCESSOR, id="cuda:0", kind=DeviceKind.GPU, name="a card")


def lose_card(ward: Ward) -> None:
    """Have the deployed version evaluated on a card, and take the card away."""
    bring_card(ward)
    with ward.context.writer.transaction() as connection:
        connection.execute("UPDATE evaluations SET device = ?", (CARD.id,))
        devices.replace(connection, [PROCESSOR])


def bring_card(ward: Ward) -> None:
    """Put the card in."""
    with ward.context.writer.transaction() as connection:
        devices.replace(connection, [PROCESSOR, CARD])
    ward.check()


def reading(**details: object) -> Callable[[Ward], None]:
    """Return what has the card read once, with some details."""

    def plant(ward: Ward) -> None:
        told = msgspec.structs.replace(DeviceDetails(), **details)
        read = msgspec.structs.replace(CARD, at=ward.now() + SOON_S, temperature_c=93.0, details=told)
        with ward.context.writer.transaction() as connection:
            devices.replace(connection, [PROCESSOR, CARD])
            devices.add_samples(connection, [read])

    return plant


def read_well(ward: Ward) -> None:
    """Have the card read twice with nothing wrong."""
    well = {"uncorrected_errors": 0, "corrected_errors": 3, "driver_errors": (), "listening_since": 0.0}
    reading(slowed_by=(), **well)(ward)
    for _ in range(2):
        ward.check("")


def keep_memory(ward: Ward) -> None:
    """Let the process that checks, which is the engine here, keep more memory each time."""
    gc.collect()  # what earlier tests left is not to go meanwhile
    step = max(16 << 20, psutil.Process().memory_info().rss // 16)
    for _ in range(LOOKS):
        ward.held.append(_fresh(step))
        ward.passed += STEP_S
        ward.check("")


def _fresh(size: int) -> "NDArray[np.uint8]":
    """Return memory that is the kernel's until now: what others have freed would not make the process any larger."""
    kept = np.frombuffer(mmap.mmap(-1, size), np.uint8)
    kept.fill(1)
    return kept


def let_go(ward: Ward) -> None:
    """Have it let go of all of it."""
    ward.held.clear()
    ward.passed += STEP_S
    ward.check("")


def keep_inputs(ward: Ward) -> None:
    """Deploy a version that keeps a copy of whatever it is asked."""
    ward.put(3, save_hoarder, Format.TORCHSCRIPT, "model.pt")
    ward.deploy(3)


def save_hoarder(file: Path) -> Path:
    """Save the classifier as TorchScript that appends its inputs to a list of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, yet the files are everywhere
        import torch

        class Hoarder(torch.nn.Module):  # type: ignore[misc]
            kept: list[torch.Tensor]

            def __init__(self) -> None:
                super().__init__()
                kernel, bias = weights()
                self.kept = []
                self.linear = torch.nn.Linear(64, 10)
                self.linear.load_state_dict(
                    {"weight": torch.tensor(kernel.T.copy()), "bias": torch.tensor(bias)}
                )

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                self.kept.append(x.repeat(8, 1, 1, 1))
                return self.linear(x.flatten(1))

        torch.jit.script(Hoarder()).save(str(file))
    return file


def fill_disk(ward: Ward) -> None:
    """Want more free space than any disk has, where an old log could go: that is not enough."""
    older = ward.context.workspace.log.with_name("engine.log.2")
    older.parent.mkdir(parents=True, exist_ok=True)
    older.write_bytes(bytes(100_000 + ward.chance.randrange(100_000)))
    ward.workspace_settings(WorkspaceSettings(checks=WorkspaceChecks(free_gib=1e9)))


def free_disk(ward: Ward) -> None:
    """Be content with what there is."""
    ward.workspace_settings(WorkspaceSettings(checks=WorkspaceChecks(free_gib=0.0)))
    for _ in range(2):
        ward.check("")


def crash(ward: Ward) -> None:
    """Begin as an engine does, four times, without ever ending as one."""
    for _ in range(4 + ward.chance.randrange(4)):
        wiring.begin(ward.context.workspace, ward.context.writer)


def calm(ward: Ward) -> None:
    """Let two hours pass."""
    ward.passed += 7200
    ward.check("")


def weaken(ward: Ward) -> None:
    """Start an engine on a machine that lacks a wall which stood around an evaluation."""
    with ward.context.writer.transaction() as connection:
        connection.execute("UPDATE evaluations SET isolation = 'full'")
    lost = ward.chance.choice(list(Layer))
    walls = {layer.value: LayerState.ON.value for layer in Layer} | {lost.value: LayerState.OFF.value}
    begin(ward, walls)


def strengthen(ward: Ward) -> None:
    """Start an engine on a machine that has every wall again."""
    begin(ward, {layer.value: LayerState.ON.value for layer in Layer})
    ward.check("")


def begin(ward: Ward, walls: dict[str, str]) -> None:
    """Record what an engine finds of the sandbox when it starts."""
    with ward.context.writer.transaction() as connection:
        engine_table.start(connection, pid=1, version="1", now=ward.now(), sandbox=walls)
