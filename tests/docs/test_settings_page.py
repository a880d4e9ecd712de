"""The page of all settings says what the structs say, and every setting says what it is for."""

import msgspec
import pytest

from storage.settings import ModelSettings, WorkspaceSettings
from storage.settings_file import Settings
from storage.settings_meanings import meanings
from storage.settings_reference import nested, reference
from storage.target_settings import SETTINGS
from tests.docs.pages import text_of

TABLES = [WorkspaceSettings, ModelSettings, *SETTINGS.values()]


def test_the_page_is_what_the_settings_are() -> None:
    """The file is up to date; `python -P -m storage.settings_reference > docs/settings.md` writes it."""
    assert text_of("docs/settings.md") == reference()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_setting_says_what_it_is_for(table: type[Settings]) -> None:
    """There are words below each key, those in tables within a table too."""
    words = meanings(table)
    for field in msgspec.structs.fields(table):
        if below := nested(field.type):
            test_every_setting_says_what_it_is_for(below)
        else:
            assert words.get(field.name, "").endswith("."), f"{table.__name__}.{field.name}"


def test_inherited_words_are_told_where_a_table_adds_to_another() -> None:
    """What the workspace's checks take over from a model's keeps its words."""
    assert "30 days" in meanings(WorkspaceSettings().checks.__class__)["evaluation_age"]


def test_what_a_struct_calls_none_is_a_key_left_out() -> None:
    """People who write TOML know no None."""
    assert meanings(ModelSettings)["task"].endswith("not set: classification.")
