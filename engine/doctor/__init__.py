"""Whether modeltender can do its work here: what works, what is missing, and how to get it.

Looks and reports; it changes nothing, starts no engine, and imports no framework in its own process.
"""

import platform
import time
from collections.abc import Callable

from engine import devices
from engine.doctor import extras, frameworks, machine, place, processor, targets, terminal, walls
from engine.doctor.report import Check, DeviceFigures, Report
from engine.runtimes import RUNTIMES
from storage.vocabulary import Condition
from storage.workspace import Workspace

READING_S = 0.2
"""How long devices are watched for their utilisation: twenty ticks of the kernel's clock."""


def examine(workspace: Workspace | None, tell: Callable[[Check], None] = lambda _check: None) -> Report:
    """Look at everything and return what was found; ``tell`` gets each check as soon as it is done."""
    checks: list[Check] = []

    def add(*done: Check) -> None:
        for check in done:
            checks.append(check)
            tell(check)

    readers = [found.reader() for found in devices.detect()]
    add(machine.python(), machine.layout(), machine.sqlite(place.writable_folder(workspace)))
    add(machine.disk(place.folder(workspace)), machine.inotify(), terminal.examine())
    add(*place.examine(workspace), *processor.examine(workspace), *targets.examine(workspace))
    # Before the frameworks load the machine, so that the figures are not our own doing.
    time.sleep(READING_S)
    read = [reader.read(time.time()) for reader in readers]
    add(*(machine.memory(device) for device in read if device.id == machine.PROCESSOR))
    add(*map(machine.device, read))
    with frameworks.Imports(RUNTIMES) as imports:
        confined, failure = walls.probe()
        add(walls.check(confined, failure, required=place.requires_sandbox(workspace)))
        for spec in RUNTIMES:
            add(imports.check(spec, read))
        add(extras.data())
        if not frameworks.any_works(RUNTIMES, imports.working):
            add(frameworks.NONE_WORKS)
    return Report(
        ok=all(check.status is not Condition.PROBLEM for check in checks),
        checks=tuple(checks),
        python=platform.python_version(),
        frameworks=frameworks.versions(RUNTIMES),
        devices=tuple(map(DeviceFigures.of, read)),
        sandbox=confined.layers,
    )
