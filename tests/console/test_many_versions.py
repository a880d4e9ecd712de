"""A model with more versions than a screen holds: the newest are listed, what matters is, and nothing says that one is gone."""

import pytest

from storage import snapshot
from storage.database import Writer
from storage.tables import models
from storage.vocabulary import Status
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import shows
from tests.console.stage import NOW
from tests.console.test_actions import select

SIZE = (160, 45)


async def test_the_title_says_how_many_are_left_out(
    open_console: Open, staged: Workspace, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list has the newest and what is deployed; its title has the number of all."""
    monkeypatch.setattr(snapshot, "SHOWN_VERSIONS", 4)
    with writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=NOW)
        for number in range(101, 131):
            models.add_version(connection, model, number, status=Status.FAILED, found_at=NOW)
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await select(pilot, "mnist")
        await pilot.press("2")
        shown = await shows(pilot, "Versions 7 of 33")
        assert "v130" in shown
        assert "v126" not in shown
        assert "● current" in shown
