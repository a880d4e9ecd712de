"""Promises about a promotion and its gate: it counts what it judges, remembers the best, and is judged anew when something changed."""

import msgspec
import pytest

from engine.evaluation import gate
from engine.evaluation.facts import Facts
from engine.repository.gates import refresh_gates
from storage.errors import SettingsError
from storage.gate_settings import Gate
from storage.promotion_records import GateReport
from storage.settings import read_model_settings
from storage.vocabulary import JobKind, JobState
from tests.unit.engine.jobs.asking import ask, deployed
from tests.watched import Watched


def test_broken_settings_keep_the_gate_from_judging(three: Watched) -> None:
    """A promotion needs its gate's settings; a rollback does not."""
    ask(three, version=1)
    ask(three, version=2)
    three.workspace.model_settings("mnist").write_text("gate = 3")
    with pytest.raises(SettingsError):
        ask(three)
    outcome, _ = ask(three, JobKind.ROLLBACK)
    assert outcome.state is JobState.SUCCEEDED


def test_the_margin_of_the_model_s_settings_counts(three: Watched) -> None:
    """A wide margin in model.toml passes what the default refuses."""
    ask(three)
    assert ask(three, version=2)[0].state is JobState.FAILED
    three.workspace.model_settings("mnist").write_text("[gate]\nmargin = 0.06")
    assert ask(three, version=2)[0].state is JobState.SUCCEEDED


def test_promoting_refreshes_what_the_gate_says_about_the_next_candidate(three: Watched) -> None:
    """After a promotion the candidate is judged against what is deployed now."""
    ask(three, version=1)
    gate = three.version("mnist", 3).gate
    assert gate is not None
    assert gate.against == 1
    ask(three, version=2)
    gate = three.version("mnist", 3).gate
    assert gate is not None
    assert gate.against == 2
    assert three.version("mnist", 2).gate is None


def test_the_first_promotion_is_decided_by_the_objectives_alone(three: Watched) -> None:
    """With nothing deployed a missed objective refuses, and one that is met lets pass."""
    three.workspace.model_settings("mnist").write_text('[objectives]\naccuracy = ">= 0.95"')
    outcome, answer = ask(three, version=2)
    assert (outcome.code, answer["promoted"]) == ("refused", False)
    assert "objective accuracy >= 0.95: missed (0.93)" in outcome.error
    outcome, answer = ask(three, version=3)
    assert [check["name"] for check in answer["checks"]] == ["evaluated", "deployed", "accuracy"]
    assert "objectives alone decide" in answer["checks"][1]["detail"]
    assert answer["promoted"] is True


def test_a_gate_on_trial_judges_and_promotes_nothing(three: Watched) -> None:
    """With dry_run the answer has the verdict, and only a person who insists promotes."""
    ask(three, version=1)
    three.workspace.model_settings("mnist").write_text("[gate]\ndry_run = true")
    outcome, answer = ask(three, version=2)
    assert (outcome.code, answer["verdict"], answer["promoted"]) == ("refused", "superior", False)
    assert outcome.error == "mnist@2 passes the gate; it is not promoted, because gate.dry_run is set."
    assert deployed(three)[1] == 1
    assert ask(three, version=2, force=True, reason="the trial is over")[1]["promoted"] is True


def test_a_candidate_is_counted_once_on_a_test_set(three: Watched) -> None:
    """Judging again, refreshing and promoting do not wear the test set; other candidates and other data do."""
    ask(three, version=1)
    for _ in range(3):
        ask(three, version=2, expected_current=9)
        three.evaluated("mnist", 2, 0.93)
    told = three.version("mnist", 3).gate
    assert told is not None
    _, answer = ask(three, version=2)
    places = {check["name"]: check["detail"] for check in answer["checks"]}
    assert places["test-set"].startswith("1st candidate judged on this test set; budget 10")
    _, answer = ask(three, version=3)
    places = {check["name"]: check["detail"] for check in answer["checks"]}
    assert places["test-set"].startswith("2nd candidate judged")
    three.evaluated("mnist", 3, 0.97, dataset="e" * 64)
    three.evaluated("mnist", 1, 0.90, dataset="e" * 64)
    _, answer = ask(three, version=1)
    assert answer["checks"][-1]["detail"].startswith("1st candidate judged")


def test_losses_within_the_margin_do_not_add_up(watched: Watched) -> None:
    """Each step is within the margin, two steps are not: the best version ever promoted holds the second one back."""
    watched.ready("mnist", {1: 0.970, 2: 0.962, 3: 0.954})
    watched.workspace.model_settings("mnist").write_text("[gate]\nmargin = 0.017")
    ask(watched, version=1)
    assert ask(watched, version=2)[1]["promoted"] is True
    outcome, answer = ask(watched, version=3)
    assert answer["promoted"] is False
    found = {check["name"]: check for check in answer["checks"]}
    assert "version 1, the best promoted on this test set, 0.9700 -> 0.9540" in found["anchor"]["detail"]
    assert (found["accuracy"]["verdict"], found["anchor"]["verdict"]) == ("pass", "fail")
    assert "anchor against version 1" in outcome.error


def test_a_better_version_becomes_what_later_ones_are_held_to(three: Watched) -> None:
    """After a superior promotion and a rollback the candidate is held to the best, not only to what is deployed."""
    ask(three, version=1)
    ask(three, version=3)
    ask(three, JobKind.ROLLBACK)
    _, answer = ask(three, version=2)
    found = {check["name"]: check for check in answer["checks"]}
    assert found["accuracy"]["verdict"] == "pass"
    assert found["anchor"]["verdict"] == "fail"
    assert "version 3, the best promoted" in found["anchor"]["detail"]


def test_a_best_version_that_was_evaluated_on_other_data_is_asked_for(three: Watched) -> None:
    """What cannot be compared holds the candidate back and says what to evaluate."""
    ask(three, version=1)
    ask(three, version=3)
    ask(three, JobKind.ROLLBACK)
    three.evaluated("mnist", 3, 0.97, dataset="e" * 64)
    outcome, answer = ask(three, version=2, waited=dict.fromkeys((1, 2, 3), (JobState.SUCCEEDED, "")))
    assert (answer["verdict"], outcome.code) == ("inconclusive", "inconclusive")
    assert "modeltender evaluate mnist@" in outcome.error


def test_a_gate_is_not_judged_again_while_nothing_has_changed(
    three: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored answer whose basis is the same is taken as it is; a change of the settings judges anew."""
    ask(three, version=1)
    judged: list[Facts] = []
    real = gate.judge

    def watched_judge(found: Facts) -> GateReport:
        judged.append(found)
        return real(found)

    monkeypatch.setattr(gate, "judge", watched_judge)
    settings = read_model_settings(three.workspace.model_settings("mnist"))
    with three.writer.transaction() as connection:
        refresh_gates(connection, "mnist", settings)
        assert judged == []
        refresh_gates(connection, "mnist", msgspec.structs.replace(settings, gate=Gate(margin=0.3)))
    assert len(judged) == 2
