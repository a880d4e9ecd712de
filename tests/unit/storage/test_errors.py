"""A hint names the file to edit by its path in the workspace, where that is known."""

import pytest

from storage.errors import OWN_SETTINGS, JobError


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        (
            f'Put it at the top of {OWN_SETTINGS}: task = "x"',
            'Put it at the top of models/a b/model.toml: task = "x"',
        ),
        ("Correct models/other/model.toml.", "Correct models/other/model.toml."),
        (
            "The file model.toml of an export is no settings.",
            "The file model.toml of an export is no settings.",
        ),
        ("Raise limits.load_s in modeltender.toml.", "Raise limits.load_s in modeltender.toml."),
        ("", ""),
    ],
)
def test_settings_are_named_by_their_path(hint: str, shown: str) -> None:
    """Who has no model.toml yet learns where to make one, and nothing that only reads like it is taken for it."""
    assert JobError("It failed.", hint).hint_for("a b") == shown


def test_who_knows_the_model_reads_the_plain_name() -> None:
    """So does who asked for something of the whole workspace, which is of no model."""
    error = JobError("It failed.", f"See {OWN_SETTINGS}.")
    assert error.hint == error.hint_for("") == "See model.toml."
