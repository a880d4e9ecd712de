"""The feed: what it reads, when it says so, and that it never keeps a read open."""

import time
import weakref
from collections.abc import Sequence
from typing import cast

import pytest

from storage import snapshot
from storage.database import Reader, Writer
from storage.histories import NOTHING
from storage.paired import Wanted
from storage.records import HistoryPoint, Version
from storage.tables import models
from storage.tables.thinning import MOST
from storage.workspace import Workspace, engine_lock
from tests.unit.tui.commands.rows import NOW, add_evaluation
from tests.unit.tui.feeding import feed, forbidden, latest, tell
from tui import charts, notices
from tui import feed as feeds
from tui.feed import Feed, News
from tui.replaying import Way, Wish
from tui.spans import ALL, SPANS
from tui.view import View
from tui.widgets.history_chart import HistoryChart

__all__ = ["feed"]

DAY = next(place for place, span in enumerate(SPANS) if span.seconds == 86_400.0)


def _versions(news: News | None) -> Sequence[Version]:
    assert news is not None
    assert news.detail is not None
    return news.detail.versions


def test_first_look_reads_everything(feed: Feed) -> None:
    """The first look brings the models."""
    news = feed.look()
    assert news is not None
    assert news.snapshot is not None
    assert [model.name for model in news.snapshot.models] == ["digits", "mnist"]
    assert news.error is None


def test_an_engine_that_cannot_be_seen_is_not_said_to_be_down(
    feed: Feed, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The console says why instead, and shows everything again as soon as it can be."""
    monkeypatch.setattr(feeds, "ALIVE_S", 0.0)
    with engine_lock(workspace):
        news = feed.look()
        assert news is not None
        assert news.engine_running
        kept = workspace.lock.rename(workspace.lock.with_suffix(".kept"))
        workspace.lock.symlink_to(workspace.lock)
        news = feed.look()
        assert news is not None
        assert news.error is not None
        title, lines = notices.problem(View(news, NOW, "host", "folder", None))
        assert title == "The engine cannot be seen"
        assert "Too many levels of symbolic links" in lines[0].plain
        workspace.lock.unlink()
        kept.rename(workspace.lock)
        news = feed.look()
    assert news is not None
    assert (news.error, news.engine_running) == (None, True)


def test_nothing_new_is_no_news(feed: Feed) -> None:
    """A look that finds the same says nothing."""
    feed.look()
    assert feed.look() is None


def test_what_was_written_is_news(feed: Feed, writer: Writer) -> None:
    """What somebody wrote is seen at the next look."""
    feed.look()
    tell(writer, "something happened")
    assert latest(feed.look()).message == "something happened"


def test_unchanged_database_is_not_read(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody writes, no table is read."""
    feed.look()
    monkeypatch.setattr(snapshot, "read", forbidden)
    assert feed.look() is None


def test_selected_model_brings_its_detail(feed: Feed) -> None:
    """The detail of the selected model comes along, and goes with the selection."""
    feed.select("mnist")
    news = feed.look()
    assert news is not None
    assert news.detail is not None
    assert [version.number for version in news.detail.versions] == [3, 2, 1]
    feed.select(None)
    news = feed.look()
    assert news is not None
    assert news.detail is None


def test_deep_look_reaches_further_back(feed: Feed, writer: Writer) -> None:
    """While it is wanted there are more events than the overview shows; afterwards they stay until something is written."""
    for number in range(snapshot.SHOWN_EVENTS + 30):
        tell(writer, f"thing {number}")
    counts: list[int] = []
    for deep in (False, True, False):
        feed.deepen(deep=deep)
        if counts and not deep:
            assert feed.look() is None
            feed.deepen(deep=True)
            assert feed.look() is None
            feed.deepen(deep=False)
            tell(writer, "another thing")
        news = feed.look()
        assert news is not None
        assert news.snapshot is not None
        counts.append(len(news.snapshot.events))
    assert counts[0] == counts[2] == snapshot.SHOWN_EVENTS
    assert counts[1] >= snapshot.SHOWN_EVENTS + 30


def test_long_history_is_not_read_for_others(
    feed: Feed, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens to another model does not make the selected one's history be read again."""
    feed.select("mnist")
    feed.look()
    monkeypatch.setattr(snapshot, "read_detail", forbidden)
    tell(writer, "about another one", model="digits")
    assert latest(feed.look()).model == "digits"


def test_new_figure_of_the_selected_model_is_read(feed: Feed, writer: Writer) -> None:
    """A new evaluation of the selected model is in its history at the next look."""
    feed.select("mnist")
    feed.look()
    with writer.transaction() as connection:
        [version, *_] = [found for found in models.versions(connection, "mnist") if found.number == 1]
        add_evaluation(connection, version.id, None, accuracy=0.5, at=time.time())
    news = feed.look()
    assert news is not None
    assert news.detail is not None
    assert news.detail.history[-1].value == 0.5


def test_a_version_that_is_as_it_was_is_held_once(feed: Feed, writer: Writer) -> None:
    """Where one version was evaluated, the others are the very records that are shown already; what is read is what is recorded."""
    feed.select("mnist")
    before = _versions(feed.look())
    with writer.transaction() as connection:
        add_evaluation(connection, before[1].id, None, accuracy=0.5, at=NOW)
    after = _versions(feed.look())
    assert [was is now for was, now in zip(before, after, strict=True)] == [
        number != 1 for number in range(len(before))
    ]
    reader = Reader(feed._workspace.database)
    assert snapshot.read_detail(reader, "mnist") == feed.news.detail
    reader.close()


def test_settings_come_with_the_detail(feed: Feed, workspace: Workspace) -> None:
    """What the model is to be measured by is read with it."""
    file = workspace.model_settings("mnist")
    file.parent.mkdir(parents=True)
    file.write_text('[objectives]\naccuracy = ">= 0.9"\n')
    feed.select("mnist")
    news = feed.look()
    assert news is not None
    assert news.settings is not None
    assert news.settings.objectives == {"accuracy": ">= 0.9"}


def test_broken_settings_are_no_failure(feed: Feed, workspace: Workspace) -> None:
    """Settings that cannot be read leave the figures as they are."""
    file = workspace.model_settings("mnist")
    file.parent.mkdir(parents=True)
    file.write_text("objectives = ")
    feed.select("mnist")
    news = feed.look()
    assert news is not None
    assert news.settings is None
    assert news.detail is not None


def test_engine_that_comes_is_news(feed: Feed, workspace: Workspace) -> None:
    """Whether the engine lives is told by its lock."""
    first = feed.look()
    assert first is not None
    assert not first.engine_running
    with engine_lock(workspace):
        feed._alive_until = 0.0
        news = feed.look()
    assert news is not None
    assert news.engine_running


def test_no_transaction_stays_open(feed: Feed, writer: Writer) -> None:
    """Between two looks the log can be written back completely: a terminal that stalls holds nothing up."""
    feed.select("mnist")
    feed.look()
    tell(writer, "more to write back")
    with writer._lock:
        busy, log, done = writer._connections["FULL"].execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, log) == (0, done)


def test_a_shorter_time_brings_every_value_of_it(feed: Feed, writer: Writer) -> None:
    """Of a model with more values than a chart tells, the stretch that charts show is read in full, and at once."""
    with writer.transaction() as connection:
        version = connection.execute("SELECT current_id FROM models WHERE name = 'mnist'").fetchone()[0]
        for number in range(MOST + 1):
            add_evaluation(connection, version, None, accuracy=0.9, at=NOW + 900.0 * number)
    feed.select("mnist")
    news = feed.look()
    assert news is not None
    assert news.detail is not None
    assert news.detail.recent_history == NOTHING
    feed.look_back(86_400.0)
    closer = feed.look()
    assert closer is not None
    assert closer.detail is not None
    assert closer.detail.history == news.detail.history
    assert len(closer.detail.recent_history) == len(closer.detail.recent_latency) == 97
    assert shown_points(closer, span=ALL) == tuple(news.detail.history)
    # The window ends at the next full step of its own, a hundredth of it later at most.
    shown = shown_points(closer, span=DAY)
    assert len(shown) >= 95
    assert shown == tuple(closer.detail.recent_history)[-len(shown) :]


class Noting:
    """Takes the place of a chart and notes what it is to show."""

    points: tuple[HistoryPoint, ...] = ()

    def show(self, points: Sequence[HistoryPoint], **about: object) -> None:
        """Note it."""
        del about
        self.points = tuple(points)


def shown_points(news: News, *, span: int) -> tuple[HistoryPoint, ...]:
    """Return what the chart of accuracy shows at the moment of the latest value."""
    chart = Noting()
    assert news.detail is not None
    view = View(news, news.detail.history[-1].at, "host", "folder", "mnist", span=span)
    charts.show_accuracy(cast("HistoryChart", chart), view)
    return chart.points


def test_the_past_stands_still(feed: Feed, writer: Writer) -> None:
    """What is written later is no news of an earlier moment; live again, it is."""
    feed.replay(Wish(Way.TO, NOW + 1000, NOW + 60))
    news = feed.look()
    assert news is not None
    assert news.replay is not None
    assert news.replay.at == NOW + 60
    tell(writer, "something happened")
    assert feed.look() is None
    feed.replay(Wish(Way.LIVE, NOW + 1000))
    news = feed.look()
    assert news is not None
    assert news.replay is None
    assert latest(news).message == "something happened"


def test_the_present_is_not_held_beside_the_past(feed: Feed) -> None:
    """Each is some megabytes of its own: who looks at one has let go of the other, and finds it again."""
    before = feed.look()
    present = weakref.ref(feed._seen)
    feed.replay(Wish(Way.TO, NOW + 1000, NOW + 60))
    feed.look()
    assert present() is None
    feed.replay(Wish(Way.LIVE, NOW + 1000))
    after = feed.look()
    assert before is not None
    assert after is not None
    assert after.snapshot == before.snapshot


def test_the_same_answer_to_another_wish_is_news(feed: Feed) -> None:
    """Who asks for what is before the first record is told so each time."""
    said = []
    for _ in range(3):
        feed.replay(Wish(Way.TO, NOW + 1000, 1.0))
        news = feed.look()
        assert news is not None
        assert news.replay is not None
        said.append(news.replay.said)
    assert len(set(said)) == 1
    assert said[0].startswith("Nothing was recorded before")


def test_two_versions_are_read_while_they_are_wanted(feed: Feed) -> None:
    """A pair comes with the news as long as somebody wants it, and is not read again while nothing changed."""
    feed.compare(Wanted("mnist", 1, 2))
    news = feed.look()
    assert news is not None
    assert news.pair is not None
    assert (news.pair.before.number, news.pair.after.number) == (1, 2)
    assert feed.look() is None
    feed.compare(Wanted("mnist", 1, 9))
    news = feed.look()
    assert news is not None
    assert news.pair is None
