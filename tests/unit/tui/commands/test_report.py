"""The report of a model: one page that is whole, safe to open anywhere, and says what the database says."""

import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest

from storage.database import Writer
from storage.fault_records import CheckAnswer
from storage.tables import checks, faults, models, promotions
from storage.vocabulary import Answer, ExitCode, JobKind, PromotionOutcome, Severity, Status
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Run
from tests.unit.tui.commands.rows import GATE, NOW, add_evaluation, add_version

HOSTILE = "<img src=x onerror=alert(1)>\"'&"

FORBIDDEN = frozenset(
    {"script", "iframe", "object", "embed", "link", "img", "form", "base", "a", "video", "audio"}
)
"""Elements that could run something, or ask a server for something."""


class Reader(HTMLParser):
    """Reads a page as a browser would, and keeps what matters."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element without content."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Hold that what is closed is what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep words."""
        self.words.append(data)


def read(page: str) -> Reader:
    """Return a page as it is read."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def page(ask: Run, filled: Workspace, writer: Writer, tmp_path: Path) -> str:
    """Return the report of a model of which everything is known, with hostile names in all of it."""
    filled.models.joinpath("mnist").mkdir()
    filled.model_settings("mnist").write_text(
        '[objectives]\naccuracy = ">= 0.97"\nlatency_p50_ms = "<= 5"\nf1 = ">= 0.5"\n'
    )
    with writer.transaction() as connection:
        mnist = models.model_id(connection, "mnist") or 0
        intent = promotions.intend(
            connection,
            mnist,
            job_id=None,
            at=NOW + 90,
            requested_by=HOSTILE,
            kind=JobKind.PROMOTE,
            from_number=None,
            to_number=1,
            gate=GATE,
            reason=HOSTILE,
        )
        promotions.settle(connection, intent, PromotionOutcome.DONE)
        faults.open_fault(
            connection,
            "objective-missed",
            HOSTILE,
            at=NOW,
            model="mnist",
            version=1,
            severity=Severity.ERROR,
            repair=HOSTILE,
        )
        faults.open_fault(connection, "not-kept", "no room", at=NOW, model="mnist")
        faults.close_fault(connection, "not-kept", at=NOW + 50, model="mnist")
        for code, answer in (
            ("missing", Answer.HEALTHY),
            ("leakage", Answer.UNKNOWN),
            ("objective-missed", Answer.FAULT),
        ):
            checks.set_answer(
                connection,
                CheckAnswer(
                    model="mnist",
                    code=code,
                    version=1,
                    answer=answer,
                    detail=HOSTILE,
                    basis="",
                    recent="",
                    at=NOW,
                ),
            )
    file = tmp_path / "report.html"
    said = ask("report", "mnist", "--html", str(file))
    assert (said.status, said.err) == (ExitCode.DONE, "")
    assert str(file) in said.out
    return file.read_text()


def test_it_holds_everything_that_is_known(page: str) -> None:
    """Figures with intervals, objectives, versions, problems, checks, promotions and devices."""
    words = "\n".join(read(page).words)
    for told in (
        "mnist",
        "0.9400",
        "0.9300 to 0.9500",
        "✗ missed",
        "✓ met",
        "not measured",
        "truncated archive",
        "version 3 does not load",
        "Copy it again.",
        "no room",
        "✗ fault",
        "? not known yet",
        "✓ well",
        "promotion: nothing to version 1",
        "superior",
        "A processor",
        "A neural one (no driver)",
    ):
        assert told in words, told


def test_it_runs_nothing_and_asks_no_server(page: str) -> None:
    """A page that is mailed about must be as harmless as its words, and a browser is told so as well."""
    reader = read(page)
    assert FORBIDDEN.isdisjoint(tag for tag, _ in reader.elements)
    names = {name for _, attributes in reader.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "href", "style"}}
    policies = [
        one["content"] for tag, one in reader.elements if one.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert re.findall(r"(?:https?:)?//[\w.]+", page) == ["http://www.w3.org"] * page.count("<svg")
    assert "url(" not in page
    assert "@import" not in page


def test_hostile_words_are_shown_and_obeyed_by_nobody(page: str) -> None:
    """Whoever asked, the reason, a fault and its repair: all of them stand there as they are."""
    assert "<img" not in page
    assert sum(HOSTILE in words for words in read(page).words) >= 5


def test_it_follows_light_dark_and_paper(page: str) -> None:
    """By its style sheet alone."""
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_since_leaves_out_what_is_older(ask: Run, tmp_path: Path) -> None:
    """Charts, promotions and problems that ended begin there; what is deployed is told as ever."""
    file = tmp_path / "report.html"
    ask("report", "mnist", "--html", str(file), "--since", "2025-06-15T15:08:00")
    words = "\n".join(read(file.read_text()).words)
    assert "What happened since 2025-06-15 15:08:00 UTC" in words
    assert "1 evaluation, 0 promotions" in words
    assert "0.9400" in words


def test_a_model_of_which_nothing_is_known_has_a_report(ask: Run, tmp_path: Path) -> None:
    """It says so instead of showing empty frames."""
    file = tmp_path / "report.html"
    assert ask("report", "digits", "--html", str(file)).status == ExitCode.DONE
    words = "\n".join(read(file.read_text()).words)
    assert "Nothing was measured in that time." in words
    assert "not evaluated yet" in words


def test_json_says_where_it_is(ask: Run, tmp_path: Path) -> None:
    """With its size."""
    file = tmp_path / "report.html"
    said = ask("report", "mnist", "--html", str(file), "--json").json
    assert list(said) == ["model", "file", "bytes", "at"]
    assert (said["model"], said["file"], said["bytes"]) == ("mnist", str(file), file.stat().st_size)


def test_it_goes_to_standard_output_where_that_is_wanted(ask: Run) -> None:
    """The page and nothing else; a document beside it would spoil both."""
    assert ask("report", "mnist", "--html", "-").out.startswith("<!doctype html>\n<html")
    assert ask("report", "mnist", "--html", "-", "--json").status == ExitCode.USAGE


def test_what_cannot_be_written_is_said(ask: Run, tmp_path: Path) -> None:
    """One sentence, and nothing is left behind."""
    said = ask("report", "mnist", "--html", str(tmp_path / "none" / "report.html"))
    assert (said.status, said.out) == (ExitCode.FAILED, "")
    assert "cannot be written: No such file or directory" in said.err
    assert ask("report", "mnist", "--html", str(tmp_path)).status == ExitCode.USAGE


def test_an_old_page_is_replaced_by_one_that_others_may_read(ask: Run, tmp_path: Path) -> None:
    """As the user's other files are; nothing lies beside it afterwards."""
    folder = tmp_path / "pages"
    folder.mkdir()
    file = folder / "report.html"
    file.write_text("old")
    before = os.umask(0o022)
    try:
        ask("report", "mnist", "--html", str(file))
    finally:
        os.umask(before)
    assert file.read_text().startswith("<!doctype html>")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [one.name for one in folder.iterdir()] == ["report.html"]


def test_an_unknown_model_is_told_with_the_nearest(ask: Run, tmp_path: Path) -> None:
    """Nothing is written."""
    said = ask("report", "mnits", "--html", str(tmp_path / "x.html"))
    assert said.status == ExitCode.USAGE
    assert "Did you mean 'mnist'?" in said.err
    assert not (tmp_path / "x.html").exists()


def test_years_of_figures_make_a_page_that_opens(
    ask: Run, filled: Workspace, writer: Writer, tmp_path: Path
) -> None:
    """Hundreds of evaluations of a dozen versions stay below half a megabyte, and every version keeps its last value."""
    with writer.transaction() as connection:
        ids = [add_version(connection, "mnist", number, Status.READY) for number in range(10, 22)]
        for number in range(600):
            add_evaluation(connection, ids[number // 50], None, accuracy=0.9, at=NOW + 3600 * number)
    file = tmp_path / "report.html"
    ask("report", "mnist", "--html", str(file))
    content = file.read_text()
    assert len(content) < 500_000
    assert all(f"version {number}, 20" in content for number in range(10, 22))
