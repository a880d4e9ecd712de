"""Promoting without a person, and probation: what the engine asks for by itself, and what ends it."""

from collections.abc import Callable

import pytest

from engine import policy
from engine.automatic import Automatic
from engine.repository.gates import refresh_gates
from engine.repository.switch import recover, switch
from storage import jobs
from storage.promotion_records import Probation
from storage.records import Job, JobParameters, LatencyRatio
from storage.settings import read_model_settings
from storage.tables import faults, gates, models, probations, promotions
from storage.vocabulary import JobKind, JobState, ProbationState, PromotionOutcome, Severity, Status
from tests.unit.engine.jobs.asking import ask, run
from tests.watched import Watched, examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "watched"]

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
        own = {jobs.ITSELF, jobs.PROBATION}
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

    def end(self, job: Job, state: JobState, error: str = "") -> None:
        """Record how a job ended."""
        with self.watched.writer.transaction() as connection:
            jobs.finish(connection, job.id, state, now=self.watched.clock.now(), error=error)

    def evaluate(self, job: Job, accuracy: float) -> None:
        """Do an evaluation that waits."""
        assert (job.kind, job.requested_by) == (JobKind.EVALUATE, jobs.PROBATION)
        assert job.version is not None
        self.watched.evaluated("mnist", job.version, accuracy)
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


def test_a_candidate_that_passes_is_promoted_by_itself_and_put_on_probation(stage: Stage) -> None:
    """History and log say so, and the model says until when."""
    stage.on_trial()
    assert stage.asked == 1
    entry = stage.watched.promotions("mnist")[0]
    assert (entry.requested_by, entry.to_version, entry.forced) == (jobs.ITSELF, 2, False)
    assert stage.watched.messages()[-2:] == [
        "promoted 1 > 2 by itself: accuracy 0.9000 -> 0.9700",
        "version 2 is on probation for 1h: evaluated every 10m, and rolled back if it proves bad",
    ]
    probation = stage.watched.model("mnist").probation
    assert probation is not None
    assert (probation.number, probation.ends_at - probation.begun_at) == (2, HOUR)


@pytest.mark.parametrize(
    "settings", ["", "[gate]\nautomatic = false\n", AUTOMATIC.replace("[gate]", "[gate]\ndry_run = true")]
)
def test_nothing_is_promoted_where_nobody_said_so(stage: Stage, settings: str) -> None:
    """It is off by default, and a gate on trial promotes nothing."""
    stage.write(settings)
    stage.arrive(2, 0.97)
    assert stage.look() == []


def test_a_candidate_that_does_not_pass_is_left_to_people(stage: Stage) -> None:
    """Worse, or not decided: the gate's no is the engine's."""
    stage.arrive(2, 0.86)
    assert stage.look() == []


@pytest.mark.parametrize("ratio", [1.2, 1.5])
def test_a_candidate_whose_latency_is_not_known_is_measured_by_itself_once(
    stage: Stage, ratio: float
) -> None:
    """The promotion that the engine asks for measures it; what it does not decide, or is too slow, is left to people."""
    stage.write(AUTOMATIC.replace("[gate]", "[gate]\nmax_latency_ratio = 1.2"))
    stage.arrive(2, 0.97)
    [job] = stage.look()
    assert (job.kind, job.version) == (JobKind.PROMOTE, 2)
    stage.end(job, JobState.FAILED)
    both = [stage.watched.version("mnist", number).sha256 or "" for number in (1, 2)]
    with stage.watched.writer.transaction() as connection:
        gates.set_ratio(
            connection, both[0], both[1], LatencyRatio("cpu", 0.0, ratio, ratio - 0.1, ratio + 0.1, 0.9, 15)
        )
    stage.judge()
    assert stage.look(after=HOUR) == []


def test_a_person_s_own_promotion_begins_no_probation(stage: Stage) -> None:
    """Only what nobody looked at is watched."""
    stage.arrive(2, 0.97)
    ask(stage.watched, version=2)
    assert stage.watched.model("mnist").probation is None
    assert stage.look(HOUR) == []


def test_a_version_that_stays_good_passes_after_its_looks(stage: Stage) -> None:
    """Six evaluations, ten minutes apart, and the end is told."""
    stage.on_trial()
    for _ in range(policy.LOOKS):
        assert stage.look(300) == []
        [job] = stage.look(300)
        assert job.version == 2
        assert stage.look(5) == [job], "one evaluation at a time"
        stage.evaluate(job, 0.97)
    assert stage.look() == []
    assert (stage.probation.state, stage.probation.looks) == (ProbationState.PASSED, policy.LOOKS)
    assert stage.watched.messages()[-1] == "version 2 passed its probation of 1h: looked at 6 times"
    assert stage.current == 2


def test_an_engine_that_was_down_meanwhile_looks_often_enough_all_the_same(stage: Stage) -> None:
    """Time alone passes nobody: after a restart the looks that were missed are made, in the same pauses."""
    stage.on_trial()
    stage.watched.clock.passed += 10 * HOUR
    stage.restart()
    for _ in range(policy.LOOKS):
        [job] = stage.look(600)
        stage.evaluate(job, 0.97)
    stage.look()
    assert stage.probation.state is ProbationState.PASSED


def missed(stage: Stage) -> None:
    """Evaluate it below its objective, beyond the interval."""
    [job] = stage.look(600)
    stage.evaluate(job, 0.80)


def broken(stage: Stage) -> None:
    """Have it fail to load."""
    [job] = stage.look(600)
    version = stage.watched.version("mnist", 2)
    with stage.watched.writer.transaction() as connection:
        models.set_version(connection, version.id, status=Status.FAILED, reason="It is torn.")
    stage.end(job, JobState.FAILED)


def changed(stage: Stage) -> None:
    """Change its files."""
    stage.watched.put_version("mnist", 2, "something else")
    stage.watched.settle()
    stage.no_arrivals()


def faulty(stage: Stage) -> None:
    """Open a fault of error severity."""
    with stage.watched.writer.transaction() as connection:
        faults.open_fault(
            connection,
            "some-check",
            "Its answers are all the same.",
            at=stage.watched.clock.now(),
            model="mnist",
            version=2,
            severity=Severity.ERROR,
        )


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (missed, "objective accuracy >= 0.85: missed (0.8, at most 0.81)"),
        (broken, "it failed: It is torn"),
        (changed, "its files changed on disk"),
        (faulty, "Its answers are all the same"),
    ],
)
def test_a_version_that_proves_bad_is_rolled_back_by_itself_and_never_promoted_so_again(
    stage: Stage, happens: Callable[[Stage], None], reason: str
) -> None:
    """The reason stands in log and history; also an engine that knows nothing but the database lets it be."""
    stage.on_trial()
    content = stage.watched.version("mnist", 2).sha256
    happens(stage)
    assert stage.rolled_back() == reason
    assert stage.probation.reason == reason
    # As good as new, and still the same content: also under another number it stays with the person.
    stage.watched.put_version("mnist", 3, "mnist 2")
    stage.watched.settle()
    assert stage.watched.version("mnist", 3).sha256 == content
    with stage.watched.writer.transaction() as connection:
        faults.close_fault(connection, "some-check", at=0.0, model="mnist", version=2)
    stage.no_arrivals()
    stage.watched.evaluated("mnist", 3, 0.97)
    stage.judge()
    candidate = stage.watched.model("mnist").candidate
    assert candidate is not None
    assert candidate.gate is not None
    assert candidate.gate.passed
    stage.restart()
    # Whether an open fault of the former version has ended is looked at anew; nothing is deployed.
    assert {job.kind for job in stage.look(24 * HOUR)} <= {JobKind.CHECK}


def test_a_version_that_was_changed_in_its_place_is_left_to_people(stage: Stage) -> None:
    """Its number was rolled back from; new content belongs into a folder of its own, and is promoted from there."""
    stage.on_trial()
    changed(stage)
    assert stage.rolled_back() == "its files changed on disk"
    stage.watched.evaluated("mnist", 2, 0.97)
    stage.judge()
    assert stage.look(HOUR) == []
    stage.arrive(3, 0.98)
    assert [job.version for job in stage.look(HOUR)] == [3]


def test_a_miss_within_the_interval_rolls_nothing_back(stage: Stage) -> None:
    """What chance explains is no reason."""
    stage.on_trial()
    [job] = stage.look(600)
    stage.evaluate(job, 0.845)
    assert stage.look() == []
    assert stage.current == 2


@pytest.mark.parametrize("kind", [JobKind.PROMOTE, JobKind.ROLLBACK])
def test_a_person_ends_the_probation_by_acting(stage: Stage, kind: JobKind) -> None:
    """Who promotes or rolls back knows better; what was rolled back is not promoted by itself again."""
    stage.on_trial()
    stage.arrive(3, 0.98)
    assert stage.look() == [], "one version at a time is on probation"
    ask(stage.watched, kind, 3 if kind is JobKind.PROMOTE else None)
    number = 3 if kind is JobKind.PROMOTE else 1
    assert (stage.probation.state, stage.probation.reason) == (
        ProbationState.ENDED,
        f"version {number} was deployed by ann",
    )
    assert (
        f"the probation of version 2 ended: version {number} was deployed by ann" in stage.watched.messages()
    )


def test_a_version_that_a_person_rolled_back_stays_rolled_back(stage: Stage) -> None:
    """The gate would pass it again at once; the person's no counts more."""
    stage.on_trial()
    ask(stage.watched, JobKind.ROLLBACK)
    stage.restart()
    assert stage.look(HOUR) == []
    assert stage.current == 1


def test_a_link_that_is_moved_by_hand_ends_the_probation(stage: Stage) -> None:
    """Whoever did it, something else is deployed."""
    stage.on_trial()
    stage.watched.deploy("mnist", 1)
    stage.watched.settle()
    assert stage.probation.state is ProbationState.ENDED
    assert stage.look() == []


def test_a_switch_that_was_cut_off_after_the_link_is_on_probation(stage: Stage) -> None:
    """The next start settles it from the link, and the watching begins then."""
    stage.arrive(2, 0.97)
    sha256 = stage.watched.version("mnist", 2).sha256 or ""
    with stage.watched.writer.transaction() as connection:
        promotions.intend(
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
    switch(stage.watched.workspace, "mnist", 2)
    recover(stage.watched.workspace, stage.watched.writer, stage.watched.clock.now())
    assert (stage.probation.number, stage.probation.state) == (2, ProbationState.OPEN)
    missed(stage)
    assert "accuracy" in stage.rolled_back()


def test_what_a_dead_engine_wanted_is_wanted_again_and_what_was_refused_is_tried_later(stage: Stage) -> None:
    """Interrupted: at once. Failed: after ten minutes. Cancelled by a person: never."""
    stage.arrive(2, 0.97)
    [first] = stage.look()
    stage.end(first, JobState.INTERRUPTED)
    [second] = stage.look()
    stage.end(second, JobState.FAILED)
    assert stage.look() == []
    [third] = stage.look(policy.TRIED_AGAIN_S)
    stage.end(third, JobState.CANCELLED)
    assert stage.look(HOUR) == []


def test_without_anything_to_roll_back_to_it_is_told(watched: Watched) -> None:
    """The first version that was ever deployed has no way back; the log says so once."""
    watched.ready("mnist", {1: 0.90})
    stage = Stage.__new__(Stage)
    stage.watched, stage.asked = watched, 0
    stage.write(AUTOMATIC)
    stage.restart()
    stage.no_arrivals()
    stage.judge()
    assert [job.kind for job in stage.look()] == [JobKind.PROMOTE]
    stage.do()
    [job] = stage.look(600)
    watched.evaluated("mnist", 1, 0.5)
    stage.end(job, JobState.SUCCEEDED)
    assert stage.look() == []
    assert watched.messages()[-1] == (
        "version 1 failed its probation, and there is nothing to roll back to: "
        "objective accuracy >= 0.85: missed (0.5, at most 0.51)"
    )
    assert stage.current == 1
    assert stage.look(HOUR) == []


def test_a_switch_that_failed_begins_no_probation(stage: Stage) -> None:
    """An abandoned promotion leaves nothing to watch, and its content may be tried again."""
    stage.arrive(2, 0.97)
    sha256 = stage.watched.version("mnist", 2).sha256 or ""
    with stage.watched.writer.transaction() as connection:
        promotion = promotions.intend(
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
        promotions.settle(connection, promotion, PromotionOutcome.ABANDONED)
    assert stage.watched.model("mnist").probation is None
    assert [job.parameters for job in stage.look()] == [
        JobParameters(expected_current=1, expected_sha256=sha256)
    ]
