"""What the keys do about jobs and faults: cancel, run again, restore, acknowledge.

As `tui.actions`, it asks and captures what the person saw, and decides nothing.
"""

from functools import partial
from typing import Protocol, runtime_checkable

from storage import jobs
from storage.fault_records import Fault
from storage.records import Job
from storage.vocabulary import FINISHED
from tui import requests
from tui.actions import Actions
from tui.next_step import REPAIR


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

        self._confirm(cancel(job), partial(jobs.cancel, self.workspace, job.id), "is asked to end")

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
        """Ask, then restore the files of what is deployed; of a fault that this does not mend, say what does."""
        if isinstance(self.screen, ShowsFaults):
            fault = self._fault()
            if fault is None:
                return
            if REPAIR not in fault.repair or not fault.model:
                self.say(fault.repair or "Nothing is suggested; the engine looks again by itself.")
                return
            name, version = fault.model, fault.version
        else:
            model = self.model()
            if model is None or model.current is None:
                self.say("Nothing is deployed that could be restored.")
                return
            name, version = model.name, None
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
        found = (job for job in snapshot.jobs if job.model == model.name and job.state not in FINISHED)
        return next(found, f"No job of {model.name} waits or runs.")

    def _fault(self) -> Fault | None:
        """Return the selected fault, or say how one is selected."""
        fault = self.screen.selected_fault() if isinstance(self.screen, ShowsFaults) else None
        if fault is None:
            snapshot = self.news.snapshot
            open_ones = snapshot is not None and snapshot.faults
            self.say("No fault is selected: tab goes to the faults." if open_ones else "Nothing is wrong.")
        return fault
