"""One way to plant each fault for real, by its code: files that are damaged, models that are broken, data that change.

What is planted differs with the ward's seed in what does not matter: which bit, which class, how many examples.
"""

import os
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from storage.device_details import DriverError
from storage.records import LatencyReport
from storage.settings import Trust, WorkspaceSettings
from storage.tables import evaluations
from storage.vocabulary import Format, JobKind, Scenario
from tests.planted_here import (
    bring_card,
    calm,
    crash,
    fill_disk,
    free_disk,
    keep_inputs,
    keep_memory,
    let_go,
    lose_card,
    read_well,
    reading,
    strengthen,
    weaken,
)
from tests.tiny_models import LOADER, digits, save_safetensors, weights
from tests.ward import MODEL, Ward, good_data, save_digits

Mend = Callable[[Ward], None]
DAY = 86400.0

GATE = "[gate]\nmargin = 0.02\n"
"""What so few examples can decide."""


class Plant(NamedTuple):
    """How a fault is planted, and what ends it."""

    plant: Callable[[Ward], None]
    mend: Mend | None = None
    """What ends it, or deploys what its repair has made; ``None``: its repair."""
    helps: bool = True
    """Whether its repair helps in this case; where not, it is told and the fault stays."""
    place: bool = False
    """Whether it is one of the workspace."""
    looks: int = 1
    """Checks that it takes."""


def lose(ward: Ward) -> None:
    """Remove the deployed version."""
    shutil.rmtree(ward.folder(2))


def flip(ward: Ward) -> None:
    """Change one bit of the deployed file, and not its time."""
    file = ward.folder(2) / "model.onnx"
    status, raw = file.stat(), bytearray(file.read_bytes())
    raw[ward.chance.randrange(len(raw))] ^= 1 << ward.chance.randrange(8)
    file.write_bytes(raw)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def break_loader(ward: Ward) -> None:
    """Deploy weights with a loader of their owner's, and then break that."""
    ward.trust_loaders()
    ward.settings('[runtime]\nloader = "loader.py"\n')
    loader = ward.context.workspace.models / MODEL / "loader.py"
    loader.write_text(LOADER)
    ward.put(3, save_safetensors, Format.SAFETENSORS, "model.safetensors")
    assert ward.succeeded(ward.evaluate(3))
    ward.deploy(3)
    ward.check()
    assert not ward.faults()
    loader.write_text(
        LOADER.replace("def load", "raise ImportError('numpy 9 has no such function')\ndef load")
    )


def mend_loader(ward: Ward) -> None:
    """Write the loader as it was, and have the version loaded again."""
    (ward.context.workspace.models / MODEL / "loader.py").write_text(LOADER)
    ward.repair(ward.faults()["no-longer-loads"])


def answer_nan(ward: Ward) -> None:
    """Deploy a version whose arithmetic overflows."""
    kernel, bias = weights()
    ward.put(3, save_digits(kernel, np.full_like(bias, ward.chance.choice([np.nan, np.inf]))))
    ward.deploy(3)


def answer_alike(ward: Ward) -> None:
    """Deploy a version whose inputs do not reach its answer."""
    kernel, _ = weights()
    ward.put(3, save_digits(np.zeros_like(kernel)))
    ward.deploy(3)


def answer_at_random(ward: Ward) -> None:
    """Deploy a version that draws random numbers, and have its answers kept."""
    ward.put(3, save_digits(noise=True))
    ward.deploy(3)
    ward.check()


def roll_back(ward: Ward) -> None:
    """Deploy version 2 again."""
    ward.deploy(2)
    ward.check()


def break_weights(ward: Ward) -> None:
    """Deploy a version of which one array that its answers do not need holds NaN."""
    ward.put(3, save_torch_with_nan, Format.TORCHSCRIPT, "model.pt")
    ward.deploy(3)


def save_torch_with_nan(file: Path) -> Path:
    """Save the classifier as TorchScript with NaN in a parameter beside its weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, yet the files are everywhere
        import torch

        class Classifier(torch.nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                kernel, bias = weights()
                self.linear = torch.nn.Linear(64, 10)
                self.linear.load_state_dict(
                    {"weight": torch.tensor(kernel.T.copy()), "bias": torch.tensor(bias)}
                )
                self.unused = torch.nn.Parameter(torch.full((3,), float("nan")))

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return self.linear(x.flatten(1))

        torch.jit.script(Classifier()).save(str(file))
    return file


def miss_objective(ward: Ward) -> None:
    """Deploy a version that is right half of the time, where nine times in ten is wanted."""
    ward.settings('[objectives]\naccuracy = ">= 0.85"\n')
    ward.check()
    assert not ward.faults()
    kernel, bias = weights()
    noise = np.random.default_rng(ward.chance.randrange(1000)).normal(0, 3, kernel.shape)
    ward.put(3, save_digits(kernel + noise, bias))
    ward.evaluate(3)
    ward.deploy(3)


def degrade(ward: Ward) -> None:
    """Bring one test set after another: five good ones, then three whose labels are wrong."""
    for seed in range(5):
        ward.data(*good_data(150, seed))
        ward.evaluate()
    ward.check()
    assert not ward.faults()
    for seed in range(3):
        images, classes = good_data(150, 10 + seed)
        ward.data(images, (classes + 1) % 10)
        ward.evaluate()


def recover(ward: Ward) -> None:
    """Bring good test sets again until the fault is over; each is looked at once."""
    for seed in range(20, 30):
        ward.data(*good_data(150, seed))
        ward.evaluate()
        ward.check()
        if not ward.faults():
            return


def too_slow(ward: Ward) -> None:
    """Ask for more than the version does, of which four measurements are on record as an evaluation records them."""
    ward.settings('[objectives]\nlatency_p99_ms = "<= 5"\n')
    for _ in range(4):
        measured(ward, 8.0 + 4 * ward.chance.random())


def quick_enough(ward: Ward) -> None:
    """Have it measured as quick enough, twice."""
    for _ in range(2):
        measured(ward, 2.0)
        ward.check()


def slow_down(ward: Ward) -> None:
    """Have it take as long as usual eight times, and then twice as long."""
    for step in range(8):
        measured(ward, 1.0 + step / 100)
    ward.check()
    assert not ward.faults()
    for _ in range(4):
        measured(ward, 1.7 + ward.chance.random())


def usual_again(ward: Ward) -> None:
    """Have it take as long as usual again, twice."""
    for _ in range(2):
        measured(ward, 1.0)
        ward.check()


def measured(ward: Ward, p50_ms: float) -> None:
    """Evaluate what is deployed, and record a latency in the place of what this busy machine happens to give."""
    job = ward.evaluate()
    report = LatencyReport(
        scenario=Scenario.SINGLE_STREAM,
        batch_size=1,
        n=662,
        p50_ms=p50_ms,
        p90_ms=1.1 * p50_ms,
        p95_ms=1.2 * p50_ms,
        p99_ms=1.5 * p50_ms,
        mean_ms=p50_ms,
        stdev_ms=0.1 * p50_ms,
        throughput=1000 / p50_ms,
        stable=True,
    )
    with ward.context.writer.transaction() as connection:
        evaluations.add_latency(connection, msgspec.json.decode(job.result)["evaluation_id"], report)


def answer_one_class(ward: Ward) -> None:
    """Deploy a version that answers nearly everything with the same class."""
    kernel, bias = weights()
    stuck = ward.chance.randrange(10)
    ward.data(*good_data(700))
    ward.put(3, save_digits(kernel, np.where(np.arange(10) == stuck, 15.0, bias)))
    ward.evaluate(3)
    ward.deploy(3)


def forget_a_class(ward: Ward) -> None:
    """Deploy a version that never answers one of the classes, and bring test data with enough of it."""
    kernel, bias = weights()
    ward.data(*digits())
    ward.put(3, save_digits(kernel, np.where(np.arange(10) == ward.chance.randrange(10), -1e4, bias)))
    ward.evaluate(3)
    ward.deploy(3)


def miscalibrate(ward: Ward) -> None:
    """Bring test data on which it is sure and wrong, and validation data that are like them."""
    images, classes = good_data(797)
    wrong = np.where(np.arange(797) % 2, classes, (classes + 1) % 10)
    ward.settings(GATE)
    ward.data(images[:500], wrong[:500])
    ward.data(images[500:], wrong[500:], "validation")
    ward.evaluate()


def by_the_gate(ward: Ward) -> None:
    """Deploy what was handed in, which the gate lets pass, and look at it."""
    number = ward.take_in()
    assert ward.succeeded(ward.do(JobKind.PROMOTE, number))
    ward.check()


def grow_old(ward: Ward) -> None:
    """Let a hundred days pass in which nothing newer comes; a program of the owner's would train something."""
    program = ward.context.workspace.root / "train.py"
    program.write_text(TRAINS)
    ward.settings(f'{GATE}[train]\ncommand = ["{sys.executable}", "train.py"]\n')
    ward.workspace_settings(WorkspaceSettings(trust=Trust(commands=True)))
    images, classes = digits()
    ward.data(images[:900], classes[:900], "train")
    ward.passed += 100 * DAY


TRAINS = """
import os, onnx
model = onnx.load(os.environ["MODELTENDER_BASE"])
onnx.helper.set_model_props(model, {"trained": "anew"})
onnx.save(model, os.path.join(os.environ["MODELTENDER_OUTPUT"], "model.onnx"))
"""
"""What trains where Keras does not: here it has nothing to learn."""


def other_data(ward: Ward) -> None:
    """Write other test data."""
    ward.data(*good_data(200 + ward.chance.randrange(400)))


def odd_data(ward: Ward) -> None:
    """Write test data of another form: smaller images, or a label that there is not."""
    images, classes = good_data(300)
    if ward.chance.random() < 0.5:
        ward.data(images[:, :7, :], classes)
    else:
        ward.data(images, np.where(np.arange(300) == 200, 10 + ward.chance.randrange(90), classes))


def leak(ward: Ward) -> None:
    """Put some of the test data among the training data."""
    images, classes = digits()
    shared = 1100 + ward.chance.randrange(400)
    ward.data(images[:shared], classes[:shared], "train")


def divide(ward: Ward) -> None:
    """Leave training data alone that are no test data."""
    images, classes = digits()
    ward.data(images[:900], classes[:900], "train")
    ward.check()


def wait(days: float) -> Callable[[Ward], None]:
    """Return what lets days pass."""

    def plant(ward: Ward) -> None:
        ward.passed += (days + ward.chance.randrange(300)) * DAY

    return plant


def spoil_data(ward: Ward) -> None:
    """Damage the test data, and have it evaluated three times all the same."""
    (ward.context.workspace.test / MODEL / "test.npz").write_bytes(b"PK\x03\x04 this is no archive any more")
    for _ in range(3):
        assert not ward.succeeded(ward.evaluate())


def mend_data(ward: Ward) -> None:
    """Write good test data, and evaluate it."""
    ward.data(*good_data(700))
    assert ward.succeeded(ward.evaluate())
    ward.check()


PLANTS: dict[str, Plant] = {
    "missing": Plant(lose),
    "artefact-changed": Plant(flip),
    "no-longer-loads": Plant(break_loader, mend_loader, helps=False),
    "outputs-not-numbers": Plant(answer_nan),
    "outputs-constant": Plant(answer_alike),
    "outputs-changed": Plant(answer_at_random, roll_back, helps=False),
    "broken-weights": Plant(break_weights),
    "objective-missed": Plant(miss_objective),
    "saturated-classes": Plant(answer_one_class),
    "device-absent": Plant(lose_card, bring_card),
    "quality-trend": Plant(degrade, recover, helps=False),
    "latency-objective-missed": Plant(too_slow, quick_enough),
    "latency-regression": Plant(slow_down, usual_again),
    "memory-growth": Plant(keep_inputs),
    "dead-classes": Plant(forget_a_class, roll_back),
    "calibration-lost": Plant(miscalibrate, by_the_gate),
    "schema-mismatch": Plant(odd_data, mend_data),
    "test-data-changed": Plant(other_data),
    "leakage": Plant(leak, divide),
    "stale-evaluation": Plant(wait(31)),
    "stale-model": Plant(grow_old, by_the_gate),
    "failing-jobs": Plant(spoil_data, mend_data),
    "disk-low": Plant(fill_disk, free_disk, helps=False, place=True, looks=2),
    "device-errors": Plant(reading(uncorrected_errors=2), read_well, place=True),
    "driver-errors": Plant(reading(driver_errors=(DriverError(79, 1, 0.0),)), read_well, place=True),
    "device-throttled": Plant(
        reading(slowed_by=("its power limit", "heat beyond the hardware's limit")),
        read_well,
        place=True,
        looks=3,
    ),
    "engine-memory": Plant(keep_memory, let_go, place=True),
    "engine-restarts": Plant(crash, calm, place=True),
    "sandbox-weakened": Plant(weaken, strengthen, place=True),
}
