"""Damaged models on the real road: recognised, then loaded and evaluated in a model process behind its walls.

Owns which formats are damaged how often, what one try may end as, and the table of all tries. A try that ends in any
other way is a defect of ours and raises. ``python -m tests.fuzz.campaign`` runs as many as ``FUZZ_COUNT`` says.
"""

import os
import random
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from engine.processes.client import Hosts, ModelProcess, ModelProcessError
from engine.processes.protocol import Evaluate
from engine.runtimes import recognise, runtime_for
from storage.settings import LimitSettings
from storage.vocabulary import Format, Task
from tests.fuzz.mutations import AWARE, BLIND, Mutation
from tests.tiny_models import NAMES, OPTIONS, PREPROCESS, ROWS, SAVE, save_data

SEED: Final = 20261126
COUNT: Final = 2000

LOAD_S: Final = 30.0
EVALUATION_S: Final = 30.0
OVER_S: Final = 20.0
"""What a try may take beyond its deadlines: two busy cores start and end processes late."""

LIMITS: Final = LimitSettings(load_s=LOAD_S, memory_gib=3.0, scratch_mib=64)

PLACED: Final = "model"


class Target(NamedTuple):
    """How a format is damaged."""

    share: float
    """Of all tries: what loads in milliseconds is tried often, what takes a second seldom."""
    containers: dict[str, str]
    """Ending of a file of the model -> what kind of container that is."""


TARGETS: Final[dict[Format, Target]] = {
    Format.ONNX: Target(0.25, {".onnx": "protobuf"}),
    Format.LITERT: Target(0.25, {".tflite": "flatbuffer"}),
    Format.OPENVINO: Target(0.14, {".xml": "text", ".bin": "words"}),
    Format.KERAS: Target(0.09, {".keras": "zip"}),
    Format.KERAS_H5: Target(0.07, {".h5": "words"}),
    Format.SAVED_MODEL: Target(0.06, {".pb": "protobuf", ".index": "words", ".data-00000-of-00001": "words"}),
    Format.TORCHSCRIPT: Target(0.06, {".pt": "zip"}),
    Format.TORCH_EXPORT: Target(0.03, {".pt2": "zip"}),
    Format.SAFETENSORS: Target(0.05, {".safetensors": "text"}),
}


class End(StrEnum):
    """What may become of a damaged model."""

    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"
    CRASHED = "crashed"
    STOPPED = "stopped"


ENDS: Final = {
    "failed": End.FAILED,
    "refused": End.REFUSED,
    "crashed": End.CRASHED,
    "cpu": End.STOPPED,
    "deadline": End.STOPPED,
    "memory": End.STOPPED,
    "scratch": End.STOPPED,
    "nonsense": End.FAILED,
}
"""By the code of a model process' error; any other code is none of these tries'."""


class Outcome(NamedTuple):
    """What became of one try."""

    format: Format
    number: int
    end: End
    reason: str
    wall_s: float


class Campaign:
    """Good models of every format, and hosts to open damaged copies of them with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = save_data(folder / "test.npz")
        self.hosts = Hosts(scratch=folder / "scratch", limits=LIMITS)
        self._goods: dict[Format, Path] = {}

    def good(self, wanted: Format) -> Path:
        """Return the artefact of the good model of a format, made once."""
        if wanted not in self._goods:
            file = self.folder / f"good-{wanted}" / NAMES[wanted]
            file.parent.mkdir(parents=True)
            self._goods[wanted] = SAVE[wanted](file)
        return self._goods[wanted]

    def attempt(self, wanted: Format, number: int) -> Outcome:
        """Damage the good model in the way of this number, and say what became of it."""
        began = time.monotonic()
        folder = self.folder / f"{wanted}-{number}"
        artefact = _damaged(self.good(wanted), folder, wanted, random.Random(f"{SEED} {wanted} {number}"))
        return self._outcome(wanted, number, artefact, folder, began)

    def attempt_good(self, wanted: Format) -> Outcome:
        """Say what becomes of the good model itself."""
        folder = self.folder / f"{wanted}-good"
        shutil.copytree(self.good(wanted).parent, folder / PLACED)
        artefact = folder / PLACED / self.good(wanted).name
        return self._outcome(wanted, -1, artefact, folder, time.monotonic())

    def _outcome(self, wanted: Format, number: int, artefact: Path, folder: Path, began: float) -> Outcome:
        end, reason = self._end(artefact)
        shutil.rmtree(folder)
        wall_s = time.monotonic() - began
        said = f"{wanted} {number}: {end} after {wall_s:.1f} s: {reason}"
        assert wall_s < LOAD_S + EVALUATION_S + OVER_S, said
        assert (end is End.READY) is not bool(reason), said
        assert reason.isprintable(), said
        return Outcome(wanted, number, end, reason, wall_s)

    def _end(self, artefact: Path) -> tuple[End, str]:
        found = recognise(artefact)
        if found.format is None:
            return End.REFUSED, found.reason
        readable = [self.data, artefact.parent]
        try:
            options = OPTIONS.get(found.format, ())
            process = self.hosts.open(artefact, runtime_for(found.format), "cpu", readable, options=options)
            try:
                self._evaluate(process, found.format)
            finally:
                process.close()
        except ModelProcessError as error:
            return ENDS[error.code], error.message
        return End.READY, ""

    def _evaluate(self, process: ModelProcess, wanted: Format) -> None:
        """Evaluate a model that loaded, and hold its figures against one another."""
        request = Evaluate(str(self.data), Task.CLASSIFICATION, (), PREPROCESS[wanted])
        found = process.evaluate(request, on_progress=lambda _done, _total: None, deadline_s=EVALUATION_S)
        assert found.rows == ROWS
        (accuracy,) = (metric.value for metric in found.metrics if metric.name == "accuracy")
        if found.confusion is not None:
            right = sum(row[index] for index, row in enumerate(found.confusion) if index < len(row))
            assert abs(right / ROWS - accuracy) < 1e-9


def planned(count: int) -> list[tuple[Format, int]]:
    """Return which tries make about ``count``, at least one of every format."""
    return [
        (wanted, number)
        for wanted, target in TARGETS.items()
        for number in range(max(1, round(count * target.share)))
    ]


def table(outcomes: list[Outcome]) -> str:
    """Return what became of the tries: a line a format, a column an end."""
    ends = Counter((outcome.format, outcome.end) for outcome in outcomes)
    lines = [f"{'format':14}{'tries':>7}" + "".join(f"{end:>9}" for end in End)]
    for wanted in dict.fromkeys(outcome.format for outcome in outcomes):
        counts = [ends[wanted, end] for end in End]
        lines.append(f"{wanted:14}{sum(counts):7}" + "".join(f"{count:9}" for count in counts))
    totals = [sum(outcome.end is end for outcome in outcomes) for end in End]
    lines.append(f"{'all':14}{sum(totals):7}" + "".join(f"{count:9}" for count in totals))
    return "\n".join(lines)


def _damaged(good: Path, folder: Path, wanted: Format, chance: random.Random) -> Path:
    """Copy the folder of a good model and damage one of its files; return the copy's artefact."""
    shutil.copytree(good.parent, folder / PLACED)
    containers = TARGETS[wanted].containers
    files = sorted(
        path
        for path in (folder / PLACED).rglob("*")
        if path.suffix in containers and ".source" not in path.suffixes and path.stat().st_size
    )
    file = chance.choice(files)
    kinds: tuple[Mutation, ...] = (*BLIND, *AWARE[containers[file.suffix]])
    content = file.read_bytes()
    for _ in range(chance.choice((1, 1, 2))):
        content = chance.choice(kinds)(chance, content or b"\0")
    file.write_bytes(content)
    return folder / PLACED / good.name


def main() -> None:
    """Run the campaign, and print its table and whatever is no allowed end."""
    count = int(os.environ.get("FUZZ_COUNT", COUNT))
    warnings.simplefilter("ignore")  # the frameworks' own, while good models are made
    began = time.monotonic()
    tries = planned(count)
    outcomes: list[Outcome] = []
    defects: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(Path(folder))
        for wanted in TARGETS:
            campaign.good(wanted)

        def attempt(wanted: Format, number: int) -> None:
            try:
                outcomes.append(campaign.attempt(wanted, number))
            except Exception as error:  # noqa: BLE001 - a defect is told with its seed, and the others are looked for
                defects.append(f"{wanted} {number}: {type(error).__name__}: {error}")
            if (len(outcomes) + len(defects)) % 100 == 0:
                print(f"{len(outcomes) + len(defects)} of {len(tries)}", file=sys.stderr)

        try:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda each: attempt(*each), tries))
        finally:
            campaign.hosts.close()
    print(table(outcomes))
    print(f"{len(tries)} damaged models in {time.monotonic() - began:.0f} s, {len(defects)} defects")
    print("\n".join(defects))
    sys.exit(bool(defects))


if __name__ == "__main__":
    main()
