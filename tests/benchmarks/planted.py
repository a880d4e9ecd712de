"""Faults that are planted in workspaces of real files and models: are they found, by their own names, and nothing else before?

``python -m tests.benchmarks.planted --workspaces 40`` plants one in each of 40, alone; a seed picks the fault and its
details. Healthy rounds of the checks that judge figures are simulated by `tests.benchmarks.faults`; here they are run.
"""

import argparse
import collections
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engine.faults import ABOUT_MODELS, ABOUT_PLACE
from engine.processes.client import Hosts
from storage.database import Writer
from storage.settings import WorkspaceSettings
from storage.vocabulary import Answer
from storage.workspace import create_workspace
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage
from tests.planted_faults import PLANTS, Plant
from tests.ward import MODEL, Ward
from tests.ward import opened as ward_in

WORKSPACES = 200

HEALTHY = 2
"""Rounds before anything is planted, in each workspace."""

LONG = 200
"""Rounds of one workspace in which nothing ever is wrong."""

WANTED = 0.99

APART_S = 900.0
"""Between two rounds on the workspace's clock: readings of memory that come sooner do not count."""


class Tally(NamedTuple):
    """What was found in all workspaces."""

    planted: collections.Counter[str]
    found: collections.Counter[str]
    missed: list[str]
    """What was planted and not found, with its seed and what was found instead."""
    rounds: int
    """Healthy ones."""
    checks: int
    """Answers that were given in them."""
    alarms: list[str]


def run(stage: Stage) -> list[Figure]:
    """Plant a fault in each of 200 workspaces."""
    stage.settle()
    return figures(survey(WORKSPACES, LONG))


def survey(workspaces: int, long: int, seed: int = 1) -> Tally:
    """Plant a fault in each of so many workspaces, after healthy rounds, and run so many more in one of them."""
    tally = Tally(collections.Counter(), collections.Counter(), [], 0, 0, [])
    with tempfile.TemporaryDirectory(prefix="modeltender-planted-") as folder, hosts(Path(folder)) as warm:
        for number in range(workspaces):
            code = list(PLANTS)[number % len(PLANTS)]
            with ward(Path(folder) / str(number), warm, seed * 100_000 + number) as held:
                tally = watch(held, HEALTHY, tally)
                plant(held, code, PLANTS[code], tally)
        if long:
            with ward(Path(folder) / "long", warm, seed) as held:
                tally = watch(held, long, tally)
    return tally


@contextmanager
def hosts(folder: Path) -> Iterator[Hosts]:
    """Return hosts that stay warm for all workspaces."""
    held = Hosts(scratch=folder / "scratch", limits=WorkspaceSettings().limits)
    try:
        yield held
    finally:
        held.close()


@contextmanager
def ward(folder: Path, warm: Hosts, seed: int) -> Iterator[Ward]:
    """Return a workspace with a deployed model that is well."""
    workspace = create_workspace(folder)
    writer = Writer(workspace.database)
    try:
        with ward_in(workspace, writer, warm, seed) as held:
            yield held
    finally:
        writer.close()


def watch(held: Ward, rounds: int, tally: Tally) -> Tally:
    """Look at a workspace that is well."""
    for number in range(rounds):
        answers = held.check() | held.check("")
        held.passed += APART_S
        ill = [
            f"{code}: {told['detail']}" for code, told in answers.items() if told["answer"] == Answer.FAULT
        ]
        tally.alarms.extend(f"seed {held.seed}, round {number}: {one}" for one in ill)
        tally = tally._replace(rounds=tally.rounds + 1, checks=tally.checks + len(answers))
    return tally


def plant(held: Ward, code: str, planted: Plant, tally: Tally) -> None:
    """Plant a fault, and see whether it is open under its name after as many looks as it takes."""
    planted.plant(held)
    for _ in range(planted.looks):
        held.check("" if planted.place else MODEL)
    tally.planted[code] += 1
    open_now = held.faults()
    if code in open_now:
        tally.found[code] += 1
    else:
        tally.missed.append(f"{code} (seed {held.seed}): found {', '.join(open_now) or 'nothing'}")


def figures(tally: Tally) -> list[Figure]:
    """Return what the tally says."""
    planted, found = tally.planted.total(), tally.found.total()
    kinds, known = len(tally.planted), len(ABOUT_MODELS) + len(ABOUT_PLACE)
    return [
        Figure(
            f"faults of {kinds} of {known} kinds planted in {planted} workspaces: found by their own name"
            f"{'; missed: ' + '; '.join(tally.missed) if tally.missed else ''}",
            f"{found} of {planted}",
            "",
            "",
            f"{WANTED:.0%}",
            found >= WANTED * planted,
        ),
        Figure(
            f"healthy rounds of real files, processes and models ({tally.checks:,} answers): false alarms"
            f"{'; ' + '; '.join(tally.alarms) if tally.alarms else ''}",
            f"{len(tally.alarms)} in {tally.rounds:,} rounds",
            "",
            "",
            "none",
            not tally.alarms,
        ),
    ]


def main() -> None:
    """Print what is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspaces", type=int, default=WORKSPACES)
    parser.add_argument("--healthy", type=int, default=LONG, help="rounds in which nothing is wrong")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.perf_counter()
    tally = survey(arguments.workspaces, arguments.healthy, arguments.seed)
    print(*(figure.row() for figure in figures(tally)), sep="\n")
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
