"""A workspace whose owner lets the engine promote, and an engine that looks when a test says so."""

import pytest

from engine.automatic import Automatic
from engine.repository.gates import refresh_gates
from storage import jobs
from storage.promotion_records import Probation
from storage.records import Job
from storage.settings import read_model_settings
from storage.tables import probations, promotions
from storage.vocabulary import JobKind, JobState, ProbationState
from tests.unit.engine.jobs.asking import ask, run
from tests.watched import Watched

HOUR = 3600.0
AUTOMATIC = '[gate]\nautomatic = true\nprobation = "1h"\n[objectives]\naccuracy = ">= 0.85"\n'
LINKS = frozenset({JobKind.PROMOTE, JobKind.ROLLBACK})


class Stage:
    """A workspace whose owner lets the engine promote; looks and jobs happen when the test says so."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.asked = 0
        watched.ready("mnist", {1: 0.90})
        self.no_arrivals()
        self.write(AUTOMATIC)
        ask(watched, version=1)
        self.restart()

    def restart(self) -> None:
        """Know nothing but what is in the database, as a new engine."""

        def asked() -> None:
            self.asked += 1

        self.automatic = Automatic(
            self.watched.workspace, self.watched.writer, now=self.watched.clock.now, asked=(asked,)
        )

    def write(self, settings: str) -> None:
        """Write the model's settings."""
        self.watched.workspace.model_settings("mnist").write_text(settings)

    def arrive(self, number: int, accuracy: float) -> None:
        """Bring a version that is evaluated and judged."""
        self.watched.put_version("mnist", number)
        self.watched.settle()
        self.watched.evaluated("mnist", number, accuracy)
        self.no_arrivals()
        self.judge()

    def no_arrivals(self) -> None:
        """Have the evaluations done that arrivals ask for."""
        for job in self.watched.jobs():
            if job.state is JobState.QUEUED and job.requested_by == jobs.ARRIVAL:
                self.end(job, JobState.SUCCEEDED)

    def judge(self) -> None:
        """Have the gate judged, as it is after every evaluation."""
        settings = read_model_settings(self.watched.workspace.model_settings("mnist"))
        with self.watched.writer.transaction() as connection:
            refresh_gates(connection, "mnist", settings)

    def look(self, after: float = 0.0) -> list[Job]:
        """Let time pass, look, and return the jobs that wait then, the oldest first."""
        self.watched.clock.passed += after
        self.automatic.look()
        own = {jobs.ITSELF, jobs.PROBATION, jobs.RECOVERY}
        waiting = [job for job in self.watched.jobs() if job.state is JobState.QUEUED]
        return [job for job in waiting[::-1] if job.requested_by in own]

    def do(self) -> Job:
        """Do the promotion or rollback that waits, and return it."""
        with self.watched.writer.transaction() as connection:
            job = jobs.claim(connection, LINKS, now=self.watched.clock.now())
        assert job is not None
        outcome = run(self.watched, job)
        self.end(job, outcome.state, outcome.error)
        return job

    def intend(self) -> int:
        """Record what comes before the link is moved to version 2, as a switch does that is cut off then; return its number."""
        sha256 = self.watched.version("mnist", 2).sha256 or ""
        with self.watched.writer.transaction() as connection:
            return promotions.intend(
                connection,
                1,
                job_id=None,
                at=0.0,
                requested_by=jobs.ITSELF,
                kind=JobKind.PROMOTE,
                from_number=1,
                to_number=2,
                gate=None,
                sha256=sha256,
                probation_s=HOUR,
            )

    def end(self, job: Job, state: JobState, error: str = "") -> None:
        """Record how a job ended."""
        with self.watched.writer.transaction() as connection:
            jobs.finish(connection, job.id, state, now=self.watched.clock.now(), error=error)

    def evaluate(self, job: Job, accuracy: float) -> None:
        """Do an evaluation that waits."""
        assert (job.kind, job.requested_by) == (JobKind.EVALUATE, jobs.PROBATION)
        assert job.version is not None
        self.watched.evaluated("mnist", job.version, accuracy)
        with self.watched.writer.transaction() as connection:
            probations.looked(connection, "mnist", job.version)
        self.end(job, JobState.SUCCEEDED)

    def on_trial(self, accuracy: float = 0.97) -> None:
        """Bring version 2 and let it be promoted by itself."""
        self.arrive(2, accuracy)
        assert [job.kind for job in self.look()] == [JobKind.PROMOTE]
        self.do()
        assert self.current == 2

    @property
    def current(self) -> int | None:
        """What is deployed, by link and record."""
        link = int(self.watched.workspace.current_link("mnist").readlink().name)
        current = self.watched.model("mnist").current
        assert current is not None
        assert current.number == link
        return link

    @property
    def probation(self) -> Probation:
        """The latest probation."""
        with self.watched.writer.transaction() as connection:
            return probations.read(connection, "mnist")[0]

    def rolled_back(self) -> str:
        """Look, do the rollback that must be asked for, and return its reason."""
        [job] = self.look()
        assert (job.kind, job.requested_by, job.version) == (JobKind.ROLLBACK, jobs.ITSELF, 1)
        self.do()
        assert self.current == 1
        assert self.probation.state is ProbationState.FAILED
        assert self.watched.messages()[-1] == f"rolled back 2 > 1 by itself: {job.parameters.reason}"
        assert self.watched.model("mnist").probation is None
        return job.parameters.reason


@pytest.fixture
def stage(watched: Watched) -> Stage:
    """Return a workspace with version 1 deployed by a person and automatic promotions allowed."""
    return Stage(watched)
