"""The jobs at work in a few cells, for a screen without room for a list of them. Pure."""

from collections.abc import Sequence

from rich.text import Text

from storage.records import Job
from storage.vocabulary import FINISHED
from tui.rows import fit


def with_jobs(lines: Sequence[Text], jobs: Sequence[Job], width: int, height: int) -> list[Text]:
    """Return the lines with the jobs that run and wait below them; of many jobs the last line says how many more there are."""
    alive = [job for job in jobs if job.state not in FINISHED]
    if not alive:
        return list(lines)
    places = max(1, height - len(lines)) if height - len(lines) < len(alive) else len(alive)
    shown = [_line(job, width) for job in alive[:places]]
    if len(alive) > places:
        shown[-1] = fit(
            Text(f"{len(alive) - places + 1} jobs more", "dim") if places > 1 else _first(alive, width), width
        )
    return [*lines[: height - len(shown)], *shown]


def _first(alive: Sequence[Job], width: int) -> Text:
    more = f" +{len(alive) - 1} more"
    return _line(alive[0], width - len(more)).append(more, "dim")


def _line(job: Job, width: int) -> Text:
    share = f"{job.done / job.total:4.0%}" if job.total else f" {job.state}"
    version = "" if job.version is None else f" v{job.version}"
    # Of a name that is too long its end gives way: which version it is tells two jobs apart.
    what = fit(Text(f"J{job.id} {job.kind} {job.model or 'workspace'}"), width - len(version) - len(share))
    return fit(Text.assemble(what, version, (share, "cyan")), width)
