"""What state a model is in and what a person can do about it: pure rules over records.

A state is a glyph, a word and then a colour, so that it reads without colour. The rules are tried from the
worst to the best, and the first that holds speaks.
"""

from collections.abc import Sequence
from typing import NamedTuple

from storage import full_disk, launch
from storage.durations import rough
from storage.records import Arrival, EngineState, Job, Model, Version
from storage.vocabulary import FINISHED, JobState, Status
from tui.format import lasted, moment


class Health(NamedTuple):
    """A model's state as it is shown; a higher level is worse."""

    glyph: str
    word: str
    level: int
    colour: str

    @property
    def needs_person(self) -> bool:
        """Whether somebody should do something."""
        return self.level >= CANDIDATE


OK, WORKING, IDLE, CANDIDATE, ATTENTION, ERROR = range(6)

BROKEN = {
    Status.FAILED: "LOAD ERR",
    Status.QUARANTINED: "QUARANTINE",
    Status.UNSUPPORTED: "UNSUPPORTED",
    Status.MISSING: "MISSING",
}
"""Words for a version that cannot be used."""

ARRIVING = {Status.SETTLING: "arriving", Status.CHECKING: "checking"}
"""Words for a version that is on its way."""


def of_model(model: Model, jobs: Sequence[Job]) -> Health:
    """Return the state of a model, given the jobs that run and wait.

    What needs somebody goes on needing them while a job runs: its sign and its place stay, and the word tells of the work.
    """
    found, work = _at_rest(model), _work(model, jobs)
    if work is None or found.level == ERROR:
        return found
    return found._replace(word=work.word) if found.needs_person else work


def _at_rest(model: Model) -> Health:
    for found in (_broken(model), _troubled(model), _newer(model)):
        if found is not None:
            return found
    if model.glance.current is None:
        return Health("○", "not deployed", IDLE, "dim")
    if model.glance.current.score is None:
        return Health("○", "no figures", IDLE, "dim")
    return Health("●", "ok", OK, "green")


def with_arrivals(found: Health, *, arriving: bool) -> Health:
    """Return a model's state, or where it is at rest that something for it is on its way into the inbox."""
    return Health("◐", "arriving", WORKING, "cyan") if arriving and found.level in {OK, IDLE} else found


def of_arrival(arrival: Arrival) -> tuple[str, str]:
    """Return the glyph of a file in the inbox that is no version (yet), and its colour."""
    if arrival.status is Status.SETTLING:
        return "◐", "cyan"
    return ("=", "dim") if arrival.status is Status.READY else ("✗", "bold red")


def coming(model: str, arrivals: Sequence[Arrival]) -> str:
    """Return what is on its way into a model's inbox, in one sentence; empty when nothing is."""
    said = (
        f"{arrival.name} {arrival.reason}"
        for arrival in arrivals
        if arrival.model == model and arrival.status is Status.SETTLING
    )
    return next(said, "")


def on_probation(model: Model, now: float) -> str:
    """Return that the current version is watched and for how long yet; empty where it is not."""
    probation = model.probation
    if probation is None:
        return ""
    left = probation.ends_at - now
    told = f"{rough(left)} left" if left > 0 else "until enough looks at it have worked"
    times = "once" if probation.looks == 1 else f"{probation.looks} times"
    return f"v{probation.number} is on probation, {told} (looked at {times})"


def sentence(model: Model, jobs: Sequence[Job], now: float) -> str:
    """Return what can be said about a model in one sentence, with the key that acts on it; empty when all is well."""
    current, candidate, newest = model.current, model.candidate, model.newest
    if model.problem:
        return model.problem
    if said := _of_current(model, now):
        return said
    if candidate is not None:
        return _of_candidate(candidate, at_work=at_work(model, jobs))
    if newest is not None and newest is not current and (said := _of_newest(newest)):
        return said
    if model.quarantined:
        return f"{model.quarantined} of train/{model.name} in quarantine: i releases or deletes it"
    return ""


def _of_current(model: Model, now: float) -> str:
    current = model.current
    if current is not None and current.status in BROKEN:
        return f"v{current.number} {current.status.fate}: {current.reason or 'its files are gone'}"
    watched = on_probation(model, now)
    return f"{watched}: u rolls back" if watched else ""


def _of_newest(newest: Version) -> str:
    if newest.status in BROKEN:
        return f"v{newest.number} {newest.status.fate}: {newest.reason}"
    return f"v{newest.number} {newest.reason}" if newest.status in ARRIVING and newest.reason else ""


def at_work(model: Model, jobs: Sequence[Job]) -> bool:
    """Whether a job of the model runs or waits."""
    return any(job.model == model.name and job.state not in FINISHED for job in jobs)


def _of_candidate(candidate: Version, *, at_work: bool) -> str:
    if candidate.gate is None:
        if candidate.reason:
            return f"v{candidate.number} is a candidate: {candidate.reason}"
        if at_work:
            return f"v{candidate.number} is a candidate and is being evaluated"
        return f"v{candidate.number} is a candidate without a verdict: r on the model's screen evaluates it"
    if candidate.gate.passed:
        return f"v{candidate.number} passed the gate ({candidate.gate.verdict}): p promotes it"
    if candidate.gate.lacks_ratio:
        return f"v{candidate.number} passes but for its latency: p measures and promotes it"
    return f"v{candidate.number} is held back ({candidate.gate.verdict}): p shows why"


def stale(
    engine: EngineState | None, now: float, *, engine_running: bool, disk_full: bool = False
) -> str | None:
    """Return why what is shown is old, or ``None`` while the engine lives and its heart beats."""
    if engine is None:
        return None if engine_running else "nothing was ever measured"
    beat = moment(engine.heartbeat_at, now)
    since = f"as of {beat} UTC"
    if not engine_running:
        return f"all below is {since}"
    silent = now - engine.heartbeat_at
    if disk_full and silent > full_disk.SILENT_S:
        return f"the disk is full: free some space; nothing recorded since {beat} UTC"
    return f"the engine has been silent for {lasted(silent)}, {since}" if silent > launch.SILENT_S else None


def _broken(model: Model) -> Health | None:
    current = model.glance.current
    if current is not None and current.status in BROKEN:
        return Health("✗", BROKEN[current.status], ERROR, "bold red")
    return None


def _work(model: Model, jobs: Sequence[Job]) -> Health | None:
    for job in jobs:
        if job.model == model.name and job.state is JobState.RUNNING:
            # Rounded as everywhere else: the same job is told beside the table.
            share = f" {job.done / job.total:.0%}" if job.total else ""
            return Health("◐", f"{WORDS.get(job.kind.value, job.kind.value)}{share}", WORKING, "cyan")
    if any(job.model == model.name and job.state is JobState.QUEUED for job in jobs):
        return Health("◐", "queued", WORKING, "cyan")
    return None


WORDS = {"evaluate": "eval", "recalibrate": "recal", "acknowledge": "ack"}
"""Shorter words for job kinds, where the column is narrow."""


def _troubled(model: Model) -> Health | None:
    if model.problem:
        return Health("!", "SETTINGS", ATTENTION, "bold yellow")
    if model.faults:
        return Health("!", f"{model.faults} FAULT{'S' if model.faults > 1 else ''}", ATTENTION, "bold yellow")
    if model.quarantined:
        return Health("!", f"{model.quarantined} QUARANT.", ATTENTION, "bold yellow")
    return None


def _newer(model: Model) -> Health | None:
    """Say what became of the newest version, if it is not the current one."""
    current, newest, candidate = model.glance.current, model.glance.newest, model.glance.candidate
    if newest is None or (current is not None and newest.number <= current.number):
        return None
    if newest.status in BROKEN:
        return Health("!", f"v{newest.number} {_failed(newest.status)}", ATTENTION, "bold yellow")
    if newest.status in ARRIVING:
        return Health("◐", f"v{newest.number} {ARRIVING[newest.status]}", WORKING, "cyan")
    if candidate is None or candidate.promotable is None:
        return None
    if candidate.promotable:
        return Health("▲", f"v{candidate.number} READY", CANDIDATE, "bold cyan")
    return Health("△", f"v{candidate.number} held", IDLE, "dim")


def _failed(status: Status) -> str:
    return {Status.QUARANTINED: "QUARANT.", Status.UNSUPPORTED: "NO MODEL"}.get(status, status.upper())
