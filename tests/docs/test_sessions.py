"""Each page's sessions are typed in their order, in a folder of their own, and print what the page shows."""

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, Block, blocks, starts_with
from tests.docs.session import Session
from tests.docs.stage import STAGES


def _run(block: Block) -> bool:
    is_session = block.language in {"before", "console"}
    is_code = block.language == "python" and block.more != "notest"
    return (is_session or is_code) and not block.why_not


SESSIONS = {page: found for page in PAGES if (found := [block for block in blocks(page) if _run(block)])}


@pytest.mark.parametrize("page", SESSIONS)
def test_what_is_shown_is_what_comes_of_it(
    page: str, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command ends as it is shown to, with the words that are shown, and every example answers so."""
    folder = tmp_path / "you"
    folder.mkdir()
    if name := starts_with(page):
        STAGES[name](folder, samples)
    session = Session(folder, monkeypatch)
    try:
        for block in SESSIONS[page]:
            session.run(block)
    finally:
        session.close()


def test_there_are_sessions() -> None:
    """The pages that teach are among them: a change to how pages are read must not lose them in silence."""
    assert {"README.md", "docs/tutorial.md", "docs/how-to.md", "docs/python-api.md"} <= set(SESSIONS)
