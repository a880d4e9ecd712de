"""Promises about model.toml: read when it changes, its mistakes are its model's alone, and what it decides is decided anew."""

from storage.tables import models
from storage.vocabulary import JobState, Status
from tests.watched import Watched


def test_broken_settings_are_that_model_s_problem_alone(watched: Watched) -> None:
    """A broken model.toml is a fault, told once, that ends when the file is mended; other models go on."""
    watched.put_version("mnist", 1)
    watched.put_version("other", 1)
    settings = watched.workspace.model_settings("mnist")
    settings.write_text("task = 'guessing'")
    for _ in range(3):
        watched.settle()
    assert [(fault.code, fault.model, fault.count) for fault in watched.faults()] == [
        ("settings", "mnist", 1)
    ]
    assert watched.model("mnist").problem.startswith("models/mnist/model.toml: task:")
    assert watched.version("other", 1).status is Status.CHECKING
    told = [message for message in watched.messages() if message.startswith("models/mnist/model.toml")]
    assert len(told) == 1

    settings.write_text("task = 'regression'")
    watched.settle()
    assert watched.faults() == []
    assert watched.model("mnist").task == "regression"
    assert watched.model("mnist").problem == ""


def test_versions_that_broken_settings_kept_from_being_checked_are_checked_when_they_are_mended(
    watched: Watched,
) -> None:
    """The jobs that failed on a broken model.toml are asked for again."""
    settings = watched.workspace.model_settings("mnist")
    watched.put_version("mnist", 1)
    settings.write_text("nonsense")
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE jobs SET state = ?", (JobState.FAILED,))
    settings.unlink()
    watched.settle()
    assert [job.state for job in watched.jobs()] == [JobState.QUEUED, JobState.FAILED]


def test_a_version_that_failed_is_loaded_again_when_its_runtime_is_told_something_else(
    watched: Watched,
) -> None:
    """Who names the right signature in model.toml need not wait for the next try; other changes ask for nothing."""
    settings = watched.workspace.model_settings("mnist")
    watched.put_version("mnist", 1)
    settings.write_text("")
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE jobs SET state = ?", (JobState.FAILED,))
        models.set_version(connection, 1, status=Status.FAILED, reason="several signatures", failures=1)
    settings.write_text("task = 'regression'")
    watched.scan()
    assert watched.version("mnist", 1).status is Status.FAILED
    settings.write_text("[runtime]\nsignature = 'right'")
    watched.scan()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert watched.jobs()[0].state is JobState.QUEUED


def test_a_version_that_failed_is_loaded_again_when_the_loader_of_its_weights_changes(
    watched: Watched,
) -> None:
    """Who mends loader.py need not wait for the next try; nor who restarts the engine, which may trust it now."""
    settings = watched.workspace.model_settings("mnist")
    loader = settings.with_name("loader.py")
    watched.put_version("mnist", 1)
    settings.write_text("[runtime]\nloader = 'loader.py'")
    loader.write_text("nonsense")
    watched.settle()

    def fail() -> None:
        with watched.writer.transaction() as connection:
            connection.execute("UPDATE jobs SET state = ?", (JobState.FAILED,))
            models.set_version(connection, 1, status=Status.QUARANTINED, reason="loader.py", failures=3)

    fail()
    watched.scan()
    assert watched.version("mnist", 1).status is Status.QUARANTINED
    loader.write_text("def load(weights, device): ...")
    watched.scan()
    assert watched.version("mnist", 1).status is Status.CHECKING
    fail()
    watched.restart()
    watched.scan()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert watched.jobs()[0].state is JobState.QUEUED


def test_a_changed_margin_is_applied_to_the_candidate_at_once(watched: Watched) -> None:
    """What the gate says follows model.toml, not only the next evaluation; broken settings say nothing."""
    watched.ready("mnist", {1: 0.97, 2: 0.94})
    watched.deploy("mnist", 1)
    watched.settle()
    settings = watched.workspace.model_settings("mnist")

    def passed() -> bool | None:
        gate = watched.version("mnist", 2).gate
        return None if gate is None else gate.passed

    assert passed() is False
    settings.write_text("[gate]\nmargin = 0.05")
    watched.scan()
    assert passed() is True
    settings.write_text("[gate]\nmargin = 'wide'")
    watched.scan()
    assert passed() is None
