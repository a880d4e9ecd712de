"""What the keys do about jobs and faults: cancel, run again, restore, acknowledge.

As `tui.actions`, it asks and captures what the person saw, and decides nothing.
"""

from functools import partial
from typing import Protocol, runtime_checkable

from storage import jobs
from storage.fault_records import Fault
from storage.records import Job
from storage.snapshot import Snapshot
from storage.vocabulary import FINISHED
from tui import requests
from tui.actions import ENDS, Actions
from tui.remedies import REPAIR, asking, verb


@runtime_checkable
class ShowsJobs(Protocol):
    """A screen on which one job is selected."""

    def selected_job(self) -> Job | None:
        """Return that job."""


@runtime_checkable
class ShowsFaults(Protocol):
    """A screen on which one fault may be selected."""

    def selected_fault(self) -> Fault | None:
        """Return that fault."""


class Mending(Actions):
    """The part of the application that sees to jobs and faults."""

    def action_cancel(self) -> None:
        """Ask, then cancel the selected job, or the selected model's."""
        if not self._may_act():
            return
        job = self._cancellable()
        if isinstance(job, str):
            self.say(job)
            return
        from tui.dialogs.questions import cancel

        self._confirm(cancel(job), partial(jobs.cancel, self.workspace, job.id), ENDS[0])

    def action_run_again(self) -> None:
        """Ask for the selected job once more."""
        if not self._may_act():
            return
        job = self.screen.selected_job() if isinstance(self.screen, ShowsJobs) else None
        why_not = "No job is selected." if job is None else requests.repeatable(job)
        if job is None or why_not:
            self.say(why_not)
        else:
            self._ask(partial(requests.run_again, self.workspace, job))

    def action_repair(self) -> None:
        """Ask, then mend the selected fault, or the selected model's; where none is known, restore what is deployed."""
        if isinstance(self.screen, ShowsFaults):
            fault = self._fault()
            if fault is not None:
                self._mend(fault)
            return
        model, snapshot = self.model(), self.news.snapshot
        fault = asking(snapshot.faults, model.name) if model and snapshot else None
        if fault is not None and fault.remedies:
            self._mend(fault)
        elif model is None or model.current is None:
            self.say("Nothing is deployed that could be restored.")
        else:
            self._restore(model.name, None)

    def _mend(self, fault: Fault) -> None:
        """Ask how a fault is to be mended, where there are several ways, and whether; or say what helps."""
        if fault.remedies:
            if self._may_act():
                self._choose_remedy(fault)
        elif REPAIR in fault.repair and fault.model:
            self._restore(fault.model, fault.version)
        else:
            self.say(fault.repair or "Nothing is suggested; the engine looks again by itself.")

    def _choose_remedy(self, fault: Fault) -> None:
        from tui.dialogs.questions import mend

        def chosen(place: int | None) -> None:
            if place is not None:
                remedy = fault.remedies[place]
                self._confirm(mend(fault, remedy), partial(requests.mend, self.workspace, fault, remedy))

        if len(fault.remedies) == 1:
            chosen(0)
            return
        from tui.dialogs.choose import Choose

        choices = [(verb(remedy.kind), remedy.sentence) for remedy in fault.remedies]
        self.push_screen(
            Choose(
                f"Mend {fault.model or fault.code}",
                choices,
                heading=("REPAIR", "WHAT IT WOULD DO"),
                does="asks first",
            ),
            chosen,
        )

    def _restore(self, name: str, version: int | None) -> None:
        if self._may_act():
            from tui.dialogs.questions import repair

            self._confirm(repair(name, version), partial(requests.repair, self.workspace, name, version))

    def action_acknowledge(self) -> None:
        """Say that the selected fault is known: it stays, and asks for nobody."""
        fault = self._fault()
        if fault is not None and self._may_act():
            self._ask(partial(requests.acknowledge, self.workspace, fault))

    def _cancellable(self) -> Job | str:
        """Return the job that `c` is about, or a sentence that says why there is none."""
        if isinstance(self.screen, ShowsJobs):
            job = self.screen.selected_job()
            if job is None:
                return "No job is selected."
            return f"J{job.id} has ended already." if job.state in FINISHED else job
        model, snapshot = self.model(), self.news.snapshot
        if model is None or snapshot is None:
            return "No model is selected."
        return next(
            (job for job in unfinished(snapshot) if job.model == model.name), none_of(model.name, snapshot)
        )

    def _fault(self) -> Fault | None:
        """Return the selected fault, or say how one is selected."""
        fault = self.screen.selected_fault() if isinstance(self.screen, ShowsFaults) else None
        if fault is None:
            snapshot = self.news.snapshot
            open_ones = snapshot is not None and snapshot.faults
            self.say("No fault is selected: tab goes to the faults." if open_ones else "Nothing is wrong.")
        return fault


def unfinished(snapshot: Snapshot) -> list[Job]:
    """Return the jobs that run or wait; of a long queue those in front, which are all that is read for every screen."""
    return [job for job in snapshot.jobs if job.state not in FINISHED]


def behind(snapshot: Snapshot) -> int:
    """Return how many jobs wait behind those."""
    return snapshot.running + snapshot.queued - len(unfinished(snapshot))


def none_of(whose: str, snapshot: Snapshot) -> str:
    """Say that no job of a model, or of several, runs or waits, as far as that is known."""
    if behind(snapshot):
        return f"No job of {whose} is among the first {len(unfinished(snapshot))} that run or wait: 4 lists the others."
    return f"No job of {whose} is waiting or running."
