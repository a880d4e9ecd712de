"""What people write about schedules, limits and repairs, in both files, and what holds then."""

from pathlib import Path

import pytest

from storage.errors import SettingsError
from storage.maintenance_settings import Quiet, plan
from storage.settings import read_model_settings, read_workspace_settings
from storage.vocabulary import RepairKind

DAY = 86400.0


def test_without_settings_there_are_checks_and_nothing_is_repaired_unasked(tmp_path: Path) -> None:
    """The same data give the same figures, so nothing is evaluated again by itself."""
    found = plan(read_workspace_settings(tmp_path / "none"), read_model_settings(tmp_path / "none"))
    assert found == (None, 3600.0, None, 30 * DAY, 90 * DAY, frozenset())


def test_a_model_says_what_is_different_for_it(tmp_path: Path) -> None:
    """Key by key; what it leaves out is the workspace's, and then the default."""
    workspace, model = tmp_path / "modeltender.toml", tmp_path / "model.toml"
    workspace.write_text(
        '[schedule]\nevaluate = "15m"\ncheck = "2h"\nquiet = "22:00-06:30"\n'
        '[checks]\nmodel_age = "1w"\nfree_gib = 5\n[repair]\nautomatic = ["restore", "reload"]\n'
    )
    model.write_text('[schedule]\nevaluate = "never"\nquiet = "never"\n[checks]\nevaluation_age = "36h"\n')
    both = plan(read_workspace_settings(workspace), read_model_settings(model))
    assert both.evaluate_s is None
    assert both.check_s == 7200
    assert both.quiet is None
    assert (both.evaluation_age_s, both.model_age_s) == (1.5 * DAY, 7 * DAY)
    assert both.automatic == {RepairKind.RESTORE, RepairKind.RELOAD}
    alone = plan(read_workspace_settings(workspace))
    assert (alone.evaluate_s, alone.quiet) == (900.0, Quiet(22 * 60, 6 * 60 + 30))
    assert read_workspace_settings(workspace).checks.free_gib == 5


def test_a_model_may_allow_nothing_where_the_workspace_allows(tmp_path: Path) -> None:
    """An empty list is an answer, too."""
    workspace, model = tmp_path / "modeltender.toml", tmp_path / "model.toml"
    workspace.write_text('[repair]\nautomatic = ["restore"]\n')
    model.write_text("[repair]\nautomatic = []\n")
    assert plan(read_workspace_settings(workspace), read_model_settings(model)).automatic == frozenset()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('[schedule]\nevaluate = "often"', "schedule.evaluate: expected a length of time"),
        ('[schedule]\ncheck = "5s"', "schedule.check: expected 10 s or more, got '5s'"),
        ('[schedule]\nquiet = "night"', "schedule.quiet: expected hours such as 22:00-06:00, got 'night'"),
        ('[schedule]\nquiet = "25:00-06:00"', "schedule.quiet: expected hours"),
        ('[schedule]\nquiet = "06:00-06:00"', "schedule.quiet: expected two different times"),
        ('[checks]\nevaluation_age = "0d"', "checks.evaluation_age: expected"),
        ('[checks]\nmodel_age = "x"', "checks.model_age: expected a length of time"),
        (
            '[repair]\nautomatic = ["pray"]',
            "repair.automatic: expected one of restore, reload, re-evaluate, recalibrate, convert, retrain, rollback, free-disk, got ['pray']",
        ),
        ('[schedule]\nchek = "1h"', "did you mean 'check'?"),
    ],
)
@pytest.mark.parametrize("read", [read_model_settings, read_workspace_settings])
def test_what_is_wrong_is_told_with_its_key(tmp_path: Path, read: object, written: str, told: str) -> None:
    """In either file."""
    file = tmp_path / "some.toml"
    file.write_text(written)
    with pytest.raises(SettingsError) as caught:
        read(file)  # type: ignore[operator]
    assert told in caught.value.message


def test_free_room_is_not_negative(tmp_path: Path) -> None:
    """And belongs to the workspace alone."""
    file = tmp_path / "some.toml"
    file.write_text("[checks]\nfree_gib = -1")
    with pytest.raises(SettingsError, match=r"checks\.free_gib: expected 0 or more"):
        read_workspace_settings(file)
    with pytest.raises(SettingsError, match=r"checks\.free_gib: unknown key"):
        read_model_settings(file)
