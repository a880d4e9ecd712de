"""The jobs in a line each, for a screen with a list of them, and in a few cells for one without. Pure."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from storage.records import Job
from storage.vocabulary import FINISHED, JobState
from tui import format as form
from tui.rows import fit

JOB_CELLS = 6
"""Of a job's number."""

STATE_CELLS = 24
"""What is kept for what became of a job: a figure with its name, and when it ended."""

LEAST_JOB_NAME = 12


def job_lines(jobs: Sequence[Job], width: int, now: float) -> list[Text]:
    """Return a line a job: what runs with its progress, what waits, and how the latest ended; columns are as wide as what is in them."""
    kind = max((len(job.kind) for job in jobs), default=0) + 1
    longest = max((cell_len(_of(job) + _version(job)) for job in jobs), default=0)
    name = min(longest, max(LEAST_JOB_NAME, width - JOB_CELLS - kind - STATE_CELLS))
    return [_job(job, width, now, kind=kind, name=name) for job in jobs]


def _of(job: Job) -> str:
    return job.model or "workspace"


def _version(job: Job) -> str:
    return "" if job.version is None else f" v{job.version}"


def _job(job: Job, width: int, now: float, *, kind: int, name: int) -> Text:
    # Of a name that is too long its end gives way, here and below: which version it is tells two jobs apart.
    named = fit(Text(_of(job)), name - len(_version(job))).append(_version(job))
    named.pad_right(max(name + 1 - named.cell_len, 1))
    line = Text.assemble((f"J{job.id:<4} ", "dim"), f"{job.kind:<{kind}}", named)
    if job.state is JobState.RUNNING:
        share = job.done / job.total if job.total else None
        line.append(form.bar(share, 10), "cyan").append(
            f" {'running' if share is None else f'{share:>4.0%}'}"
        )
        if share and job.started_at is not None and share < 1:
            line.append(f" {form.left((now - job.started_at) * (1 - share) / share)} left", "dim")
        elif job.message:
            line.append(f" {job.message}", "dim")
    elif job.state is JobState.QUEUED:
        line.append(job.message or "waiting", "dim")
    elif job.state is JobState.SUCCEEDED:
        line.append("✓ ", "green")
        line.append(job.message)
    else:
        line.append(f"{job.state.upper()} ", "bold yellow")
        line.append(job.error)
    if job.state in FINISHED and job.finished_at is not None:
        return _ended(line, form.clock(job.finished_at, now), width)
    return fit(line, width)


def _ended(line: Text, at: str, width: int) -> Text:
    line = fit(line, width - len(at) - 1)
    line.pad_right(width - len(at) - line.cell_len)
    line.append(at, "dim")
    return line


def with_jobs(lines: Sequence[Text], jobs: Sequence[Job], width: int, height: int) -> list[Text]:
    """Return the lines with the jobs that run and wait below them; of many jobs the last line says how many more there are."""
    alive = [job for job in jobs if job.state not in FINISHED]
    if not alive:
        return list(lines)
    places = max(1, height - len(lines)) if height - len(lines) < len(alive) else len(alive)
    shown = [_line(job, width) for job in alive[:places]]
    if len(alive) > places:
        shown[-1] = fit(
            Text(f"{len(alive) - places + 1} more jobs", "dim") if places > 1 else _first(alive, width), width
        )
    return [*lines[: height - len(shown)], *shown]


def _first(alive: Sequence[Job], width: int) -> Text:
    more = f" +{len(alive) - 1} more"
    return _line(alive[0], width - len(more)).append(more, "dim")


def _line(job: Job, width: int) -> Text:
    share = f"{job.done / job.total:4.0%}" if job.total else f" {job.state}"
    version = _version(job)
    what = fit(Text(f"J{job.id} {job.kind} {_of(job)}"), width - len(version) - len(share))
    return fit(Text.assemble(what, version, (share, "cyan")), width)
