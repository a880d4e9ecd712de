"""A hint names the file to edit by its path in the workspace."""

import pytest

from engine.jobs.hints import placed


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        (
            'Put it at the top of model.toml: task = "x"',
            'Put it at the top of models/a b/model.toml: task = "x"',
        ),
        ("Correct models/a b/model.toml.", "Correct models/a b/model.toml."),
        ("Raise limits.load_s in modeltender.toml.", "Raise limits.load_s in modeltender.toml."),
        ("", ""),
    ],
)
def test_settings_are_named_by_their_path(hint: str, shown: str) -> None:
    """Who has no model.toml yet learns where to make one, and no other file is taken for it."""
    assert placed(hint, "a b") == shown


def test_a_job_of_the_workspace_means_no_model() -> None:
    """Its hints stay as they are."""
    assert placed("See model.toml.", "") == "See model.toml."
