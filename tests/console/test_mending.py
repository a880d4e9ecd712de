"""The key that mends: each repair of a fault with what it would change, and exactly that is asked of the engine."""

import pytest

from storage.database import Writer
from storage.fault_records import Remedy
from storage.records import Job
from storage.tables import faults
from storage.vocabulary import JobKind, RepairKind
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import read_it, shows
from tests.console.stage import NOW
from tests.console.test_actions import answered, select

SIZE = (80, 24)

ROLL_BACK = Remedy(RepairKind.ROLLBACK, "deploys version 1 of mnist in the place of version 2")
RETRAIN = Remedy(RepairKind.RETRAIN, "trains mnist on from version 2; nothing is deployed")


def open_below(writer: Writer, *remedies: Remedy) -> int:
    """Open a fault of what is deployed of mnist, and return its number."""
    with writer.transaction() as connection:
        faults.open_fault(
            connection, "below", "v2 is below 0.97.", at=NOW, model="mnist", version=2, repair="Look at it."
        )
        [fault] = faults.all_open(connection, "mnist")
        faults.set_remedies(connection, fault.id, remedies)
    return fault.id


def wanted(job: Job) -> tuple[JobKind, str, int | None, RepairKind | None]:
    """Return what a job asks for."""
    return job.kind, job.model, job.parameters.fault, job.parameters.repair


async def test_f_offers_each_repair_and_asks(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """Of several one is chosen first; what it would change is said, and that one is asked for."""
    number = open_below(writer, ROLL_BACK, RETRAIN)
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await select(pilot, "mnist")
        await shows(pilot, lambda shown: "f mend" in shown.splitlines()[-1])
        await pilot.press("f")
        shown = await shows(pilot, "Mend mnist")
        assert "roll back   deploys version 1" in shown
        await pilot.press("j", "enter")
        shown = await shows(pilot, "Retrain mnist?")
        assert "This trains mnist on from version 2; nothing is deployed." in shown
        await read_it(pilot)
        await pilot.press("y")
        [job] = await answered(writer)
    assert wanted(job) == (JobKind.REPAIR, "mnist", number, RepairKind.RETRAIN)


@pytest.mark.parametrize("answer", ["y", "enter"])
async def test_a_single_repair_is_asked_about_at_once(
    open_console: Open, staged: Workspace, writer: Writer, answer: str
) -> None:
    """Among the faults too; Enter is no."""
    number = open_below(writer, ROLL_BACK)
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("5")
        await shows(pilot, "v2 is below 0.97.")
        await pilot.press("f")
        await shows(pilot, "Roll back mnist?")
        await read_it(pilot)
        await pilot.press(answer)
        await shows(pilot, lambda shown: "Roll back mnist?" not in shown)
        if answer == "enter":
            # A second look at the way there is to ask: nothing was asked by the first.
            await pilot.press("f")
            await shows(pilot, "Roll back mnist?")
            await read_it(pilot)
            await pilot.press("y")
        found = await answered(writer)
    assert [wanted(job) for job in found] == [(JobKind.REPAIR, "mnist", number, RepairKind.ROLLBACK)]
