"""The jobs: what does the engine do, what waits, and what became of the rest? Each can be cancelled or run again.

Puts what was read into the panels; what a job says is `tui.job_rows`'.
"""

from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType

from storage.records import Job
from storage.vocabulary import FINISHED, JobState
from tui import curves, job_rows, layout, requests, sheets, values
from tui import format as form
from tui.key import Where
from tui.keys import bindings
from tui.layout import Plan
from tui.list_screen import ListScreen
from tui.matching import kept
from tui.sheets import Sheet
from tui.values import Value
from tui.view import View

ABOUT = 9
"""Rows, with the frame, of the sentences about one job."""


class Jobs(ListScreen):
    """The queue, and everything about one job."""

    WHERE = Where.JOBS
    INDENT = job_rows.LABEL_CELLS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.JOBS)]

    def selected_job(self) -> Job | None:
        """Return the job under the cursor."""
        jobs = self.latest.jobs if self.latest else ()
        return next((job for job in jobs if job.id == self.chosen("rows")), None)

    def selected_moment(self) -> float | None:
        """Return when the job under the cursor ended, or began, or was asked for."""
        job = self.selected_job()
        return (job.finished_at or job.started_at or job.requested_at) if job else None

    def model_of_row(self) -> str:
        """Return the model of the job under the cursor."""
        job = self.selected_job()
        return job.model if job else ""

    def values(self) -> list[Value]:
        """Return what can be copied of the job under the cursor."""
        job = self.selected_job()
        return values.of_job(job) if job else []

    def sheet(self) -> Sheet:
        """Return the listed jobs as figures."""
        return sheets.of_jobs(self._listed())

    def plan(self, view: View, width: int, height: int) -> Plan:
        """Give the list what the sentences about one job leave."""
        return layout.listing(width, height, ("rows", len(view.jobs)), about=layout.share(height, ABOUT))

    def fill_lists(self, view: View) -> None:
        """Put the jobs into the list."""
        found = self._listed()
        width = self.room("rows")
        self.show_list(
            "rows",
            job_rows.heading(width),
            job_rows.rows(found, width, view.as_of),
            nothing="no jobs yet: r on a model evaluates it",
            title=form.counted("Jobs", len(found), len(view.jobs)),
        )

    def known(self, view: View) -> tuple[str, list[Text]]:
        """Return everything about the job under the cursor."""
        job = self.selected_job()
        if job is None:
            return "Job", []
        run = next((run for run in view.trainings if run.job_id == job.id), None)
        told = tuple(curves.lines(run, self.room("about") - self.INDENT)) if run else ()
        title = f"J{job.id} {job.kind} {job.model} {job_rows.version_of(job)}".rstrip()
        return title, job_rows.about(job, view.as_of, told, view.events)

    def labels(self, view: View) -> dict[str, str]:
        """Leave out of the footer what cannot be done with the job under the cursor."""
        job = self.selected_job()
        own = {}
        if job is None or job.state in FINISHED:
            own["app.cancel"] = ""
        if job is None or requests.repeatable(job):
            own["app.run_again"] = ""
        return own | super().labels(view)

    def told(self, view: View) -> str:
        """Return how many run, wait and failed."""
        shown = view.news.snapshot
        if shown is None:
            return ""
        failed = sum(1 for job in shown.jobs if job.state is JobState.FAILED)
        return f"{shown.running} running  {shown.queued} queued" + (f"  {failed} failed" if failed else "")

    def _listed(self) -> list[Job]:
        return kept(self.latest.jobs if self.latest else (), job_rows.parts, self.typed)
