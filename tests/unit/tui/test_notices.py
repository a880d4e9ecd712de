"""What is said instead of figures."""

from pathlib import Path

import pytest
from rich.text import Text

from storage.database import Writer
from storage.errors import DatabaseError
from storage.records import Arrival
from storage.tables import engine, faults, inbox
from storage.vocabulary import Status
from storage.workspace import Workspace
from tests.console.stage import Played, add_model
from tests.unit.tui.commands.rows import NOW, fill
from tui import heading, notices
from tui.feed import Feed, News
from tui.replaying import Replay
from tui.view import View


def _view(news: News, *, read_only: bool = False, now: float = NOW) -> View:
    return View(news, now, "gpu-box-1", "/srv/models", None, read_only)


def _plain(lines: list[Text]) -> str:
    return "\n".join(line.plain for line in lines)


@pytest.fixture
def news(workspace: Workspace, writer: Writer) -> News:
    """Return what is read of a workspace with two models and an engine that began an hour ago."""
    fill(writer)
    with writer.transaction() as connection:
        engine.start(
            connection,
            pid=1,
            version="0.1.0",
            now=NOW - 3600,
            sandbox={"files": "on", "network": "unavailable"},
        )
        engine.beat(connection, now=NOW, rss_bytes=1, cpu_percent=0.0, hosts=())
    return _read(workspace)


def _read(workspace: Workspace) -> News:
    feed = Feed(workspace)
    feed.look()
    feed.stop()
    return feed.news


def test_small_terminal_names_the_states(news: News) -> None:
    """A terminal too small for panels still tells how each model is, in words."""
    said = notices.too_small(_view(news._replace(engine_running=True)), 40, 10).plain
    assert "mnist" in said
    assert "digits" in said
    assert "40x10" in said
    assert "60x16" in said


def test_small_terminal_names_the_worst_first(workspace: Workspace, writer: Writer) -> None:
    """Of many models the end is out of sight: what the terminal lacks and who needs somebody come before it."""
    with writer.transaction() as connection:
        for name in ("digits", "mnist"):
            add_model(connection, name, Played(1, (0.9,)))
        faults.open_fault(connection, "below", "It is below 0.9.", at=NOW, model="mnist")
    said = notices.too_small(_view(_read(workspace)._replace(engine_running=True)), 40, 10).plain
    assert said.startswith("this terminal is 40x10, panels need 60x16\nmnist 1 FAULT, digits ")


def test_small_terminal_tells_that_the_engine_is_down(news: News) -> None:
    """Old states are told as such where there is room for one line only."""
    assert notices.too_small(_view(news), 40, 10).plain.startswith("ENGINE DOWN")


def test_living_engine_needs_no_line(news: News) -> None:
    """While the engine lives, nothing is said above the panels."""
    assert notices.engine_down(_view(news._replace(engine_running=True))) is None


def test_dead_engine_is_told_with_its_key(news: News) -> None:
    """A dead engine is told, with the time of what is shown and the key that starts it."""
    said = notices.engine_down(_view(news))
    assert said is not None
    assert "s starts it" in said.plain
    assert "15:06 UTC" in said.plain


def test_read_only_console_starts_nothing(news: News) -> None:
    """A read-only console does not offer what it will not do."""
    said = notices.engine_down(_view(news, read_only=True))
    assert said is not None
    assert "s starts" not in said.plain


@pytest.mark.parametrize("read_only", [False, True])
def test_since_when_everything_is_old_is_read_in_eighty_columns(news: News, read_only: bool) -> None:  # noqa: FBT001 - a row of a table
    """Also of another day, whoever looks; on a narrower terminal the line ends with an ellipsis."""
    later = _view(news, read_only=read_only)._replace(now=NOW + 2 * 86_400.0)
    said = notices.above(later, 80)
    assert said is not None
    assert said.plain.endswith("All below is as of 06-15 15:06 UTC.")
    narrow = notices.above(later, 60)
    assert narrow is not None
    assert narrow.plain.endswith("…")


def test_a_viewer_reads_who_starts_the_engine(news: News) -> None:
    """Where no engine works, who only may look is told whom to ask."""
    said = notices.engine_down(_view(news, read_only=True)._replace(owner="alice"))
    assert said is not None
    assert "alice can start it" in said.plain


def test_first_run_says_where_models_go(workspace: Workspace, writer: Writer) -> None:
    """An empty workspace is explained by the folders that are watched."""
    del writer
    _, lines = notices.problem(_view(_read(workspace)))
    said = _plain(lines)
    for place in ("train/<name>/", "models/<name>/1/", "test/<name>/test.npz", "/srv/models"):
        assert place in said
    folders = ("train/<name>/", "models/<name>/1/", "test/<name>/test.npz")
    assert (
        len({line.plain.index(folder) for line in lines for folder in folders if folder in line.plain}) == 1
    )


def test_first_run_without_an_engine_watches_nothing(workspace: Workspace, writer: Writer) -> None:
    """Where no engine runs the page says so before it says what to do, with the key or who may press it."""
    news = _read(workspace)._replace(engine_running=False)
    assert _plain(notices.problem(_view(news))[1]).startswith("The engine is not running: s starts it.")
    assert "The engine watches" not in _plain(notices.problem(_view(news))[1])
    assert "s starts it" not in _plain(notices.problem(_view(news, read_only=True))[1])
    running = _plain(notices.problem(_view(news._replace(engine_running=True)))[1])
    assert running.startswith("The engine watches ")


def test_first_run_tells_what_was_refused(workspace: Workspace, writer: Writer) -> None:
    """A file that is no model is told with its reason, although there is no model yet."""
    with writer.transaction() as connection:
        refused = Arrival(
            model="cats",
            name="notes.onnx",
            status=Status.UNSUPPORTED,
            reason="This is text.",
            bytes=1,
            seen_at=NOW,
        )
        inbox.put(connection, refused, stamp="s", sha256=None, version_id=None)
    _, lines = notices.problem(_view(_read(workspace)))
    assert "train/cats/notes.onnx: This is text." in _plain(lines)


def test_first_run_tells_what_is_on_its_way(workspace: Workspace, writer: Writer) -> None:
    """A large first model that is still being copied is not called refused."""
    with writer.transaction() as connection:
        coming = Arrival(
            model="cats",
            name="large.onnx",
            status=Status.SETTLING,
            reason="arriving: 412 MiB so far, 12 MiB/s",
            bytes=1,
            seen_at=NOW,
        )
        inbox.put(connection, coming, stamp="", sha256=None, version_id=None)
    _, lines = notices.problem(_view(_read(workspace)))
    assert "◐ train/cats/large.onnx: arriving: 412 MiB so far, 12 MiB/s" in _plain(lines)
    assert "no model:" not in _plain(lines)


def test_header_tells_a_silent_engine(news: News) -> None:
    """An engine that lives and does not beat its heart is not shown as well."""
    view = _view(news._replace(engine_running=True), now=NOW + 16)
    assert "ENGINE SILENT <1m" in heading.left(view, 80, needing=0).plain
    said = notices.engine_down(view)
    assert said is not None
    assert "the engine has been silent for 16 s" in said.plain
    later = notices.engine_down(view._replace(now=NOW + 185))
    assert later is not None
    assert "the engine has been silent for 3m" in later.plain
    long_ago = notices.engine_down(view._replace(now=NOW + 26 * 3600))
    assert long_ago is not None
    assert "the engine has been silent for 1d02h" in long_ago.plain


def test_a_full_disk_is_told_before_the_engine_passes_for_silent(news: News) -> None:
    """Nothing that is recorded is news any more, and a person has to free some space."""
    full = _view(news._replace(engine_running=True, disk_full=True))
    assert notices.engine_down(full) is None
    said = notices.engine_down(full._replace(now=NOW + 5))
    assert said is not None
    assert said.plain == "! the disk is full: free some space; nothing recorded since 15:06 UTC"
    another_day = notices.above(full._replace(now=NOW + 2 * 86_400.0), 80)
    assert another_day is not None
    assert another_day.plain.endswith("nothing recorded since 06-15 15:06 UTC")
    assert "DISK FULL" in heading.left(full._replace(now=NOW + 5), 80, needing=0).plain


def test_header_counts_no_models_that_could_not_be_read() -> None:
    """None are known then, which is another thing than that there are none."""
    view = _view(News(None, None, engine_running=True))
    assert "model" not in heading.left(view, 120, needing=0).plain.removeprefix("modeltender")


def test_error_is_told_with_what_to_do() -> None:
    """An error of the database is told in its own words, with its hint."""
    error = DatabaseError("The database is damaged.", "Move it aside.", code="damaged-database")
    title, lines = notices.problem(_view(News(None, None, engine_running=True, error=error)))
    assert "cannot be read" in title
    assert "The database is damaged." in _plain(lines)
    assert "Move it aside." in _plain(lines)


@pytest.mark.parametrize(("running", "said"), [(True, "when it starts"), (False, "s  starts the engine")])
def test_workspace_without_database(running: bool, said: str) -> None:  # noqa: FBT001 - a row of a table
    """A workspace that no engine ever worked on says whether one is about to."""
    error = DatabaseError("There is none.", "", code=notices.NO_DATABASE)
    _, lines = notices.problem(_view(News(None, None, engine_running=running, error=error)))
    assert said in _plain(lines)


def test_header_says_who_needs_attention(news: News) -> None:
    """The first line tells the engine, the models and how many of them need somebody."""
    said = heading.left(_view(news._replace(engine_running=True)), 96, needing=1).plain
    assert "gpu-box-1" in said
    assert "engine ● up 1h00m" in said
    assert "2 models" in said
    assert "! 1 needs you" in said


def test_header_tells_a_missing_wall(news: News) -> None:
    """What the sandbox lacks on this machine is not hidden, in a phrase where there is room and else in a word."""
    view = _view(news._replace(engine_running=True))
    assert "sandbox: partial, no network wall" in heading.left(view, 160, needing=0).plain
    assert "  no network wall" in heading.left(view, 80, needing=0).plain


def test_header_tells_how_long_the_engine_is_down(news: News) -> None:
    """An engine that is down is told in words, with the age of what is shown."""
    assert "ENGINE DOWN 2h00m" in heading.left(_view(news, now=NOW + 7200), 80, needing=0).plain


def test_paused_display_says_so(news: News) -> None:
    """A frozen display cannot be taken for a live one."""
    assert "PAUSED" in heading.left(_view(news)._replace(paused=True), 80, needing=0).plain


def test_folder_is_shown_as_it_is(tmp_path: Path) -> None:
    """Markup in a folder's name is shown, not obeyed."""
    del tmp_path
    error = DatabaseError("There is none.", "", code=notices.NO_DATABASE)
    view = _view(News(None, None, engine_running=False, error=error))._replace(folder="/srv/[bold]x[/]")
    assert "/srv/[bold]x[/]" in _plain(notices.problem(view)[1])


def test_the_past_is_marked_on_a_terminal_that_is_too_small(news: News) -> None:
    """Also where no panel fits, nobody takes the past for the present."""
    view = _view(news._replace(replay=Replay(NOW - 60.0), engine_running=False))
    said = notices.too_small(view, 40, 10).plain
    assert said.startswith("REPLAY 2025-06-15 15:05:40 UTC, ")
    assert "ENGINE DOWN" not in said


def test_the_line_above_the_panels_says_what_is_not_known_of_the_past(news: News) -> None:
    """It fits into 80 columns with everything that may be missing."""
    past = Replay(NOW - 60.0, missing=("events", "jobs", "readings"))
    line = notices.above(_view(news._replace(replay=past, engine_running=False)), 80)
    assert line is not None
    assert line.plain == "◂ The past: L ends it. No engine then. Not recorded: events, jobs, readings"
    assert line.cell_len <= 78
