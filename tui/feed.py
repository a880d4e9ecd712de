"""The reader thread: what the database says, handed over whenever it changed.

Owns the only connection that the console reads through and the question whether the engine lives. It must
not draw, and it holds no transaction between two reads: a terminal that stops taking output would otherwise
keep the database's log from being written back.
"""

import math
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from storage import full_disk, snapshot
from storage.database import Reader
from storage.errors import DatabaseError, EngineError, Error, SettingsError
from storage.snapshot import Detail, Seen, Snapshot
from storage.text import clean
from storage.workspace import Workspace, engine_pid
from tui.beside import Beside, Charted
from tui.replaying import Replay, Wish, chosen

if TYPE_CHECKING:
    from storage.device_readings import Readings
    from storage.paired import Pair, Wanted
    from storage.settings import ModelSettings
    from storage.settings_listing import Listed

POLL_S = 0.25
"""Between two looks whether somebody has written; a look takes microseconds."""

ALIVE_S = 1.0
"""Between two looks whether the engine's lock is held and the database is still the same file."""

DETAIL_S = 10.0
"""A model's screen is read again at least this often, whatever else stayed the same."""


STOP_S = 1.0
"""How long leaving waits for a read that is under way; a thread that is stuck in one ends with the process."""


class News(NamedTuple):
    """What was found at one moment; a snapshot and an error exclude each other."""

    snapshot: Snapshot | None
    detail: Detail | None
    engine_running: bool
    error: Error | None = None
    settings: "ModelSettings | None" = None
    """What the model of the detail is to be measured by; ``None`` where its settings cannot be read."""
    replay: Replay | None = None
    """Which moment of the past this is; ``None`` where it is how things stand now."""
    pair: "Pair | None" = None
    """The two versions that are compared."""
    listed: "Listed | None" = None
    """Every setting, while somebody looks at them."""
    no_settings: bool = False
    """Whether nobody has written settings for the model of the detail."""
    readings: "Readings | None" = None
    """What a device read over time, while somebody looks at it."""
    disk_full: bool = False
    """Whether the disk has no room for a heartbeat."""


NO_NEWS = News(None, None, engine_running=False)


class Feed:
    """Reads a workspace's database, at once for the first picture, then on a thread of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._reader: Reader | None = None
        self._inode: int | None = None
        self._version: int | None = None
        self._seen = Seen()
        self._alive_until = 0.0
        self._running = False
        self._full = False
        self._wanted: str | None = None
        self._deep = False
        self._went_deep = False
        """Whether the last read was from further back."""
        self._span_s = math.inf
        self._detail_of: str | None = None
        self._detail_key: object = None
        self._detail_until = 0.0
        self._wishes: deque[Wish] = deque()
        self._replay: Replay | None = None
        self._beside = Beside(workspace)
        self._past_key: object = None
        self._no_settings = False
        self._woken = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.news = NO_NEWS

    def select(self, model: str | None) -> None:
        """Say which model's detail is wanted; it is read at once."""
        if model != self._wanted:
            self._wanted = model
            self._woken.set()

    def deepen(self, *, deep: bool) -> None:
        """Say whether jobs and events are wanted from further back; they are read at once.

        Where they no longer are, what was read of them stays until something is written.
        """
        self._deep = deep
        if deep and not self._went_deep:
            self._woken.set()

    def look_back(self, span_s: float) -> None:
        """Say how much time the charts show; where a model has too many values to tell each of them, they are read at once."""
        if span_s != self._span_s:
            self._span_s = span_s
            self._detail_until = 0.0
            self._woken.set()

    def replay(self, wish: Wish) -> None:
        """Say which moment of the past is wanted, or that it is the present again; it is read at once."""
        self._wishes.append(wish)
        self._woken.set()

    def compare(self, wanted: "Wanted | None") -> None:
        """Say which two versions are wanted beside each other; they are read at once."""
        if wanted != self._beside.pair:
            self._beside.pair = wanted
            self._woken.set()

    def chart(self, wanted: Charted | None) -> None:
        """Say which reading of a device is wanted over the time that the charts show; it is read at once."""
        if wanted != self._beside.charted:
            self._beside.charted = wanted
            self._woken.set()

    def list_settings(self, *, wanted: bool) -> None:
        """Say whether every setting is wanted; they are read at once, and again whenever a file changes."""
        if wanted != self._beside.settings:
            self._beside.settings = wanted
            self._woken.set()

    def retry(self) -> None:
        """Look again now."""
        self._woken.set()

    def look(self) -> News | None:
        """Return what there is now, or ``None`` where nothing changed since the last look."""
        try:
            news = self._look()
        except (DatabaseError, EngineError) as error:
            self._let_go()
            news = News(None, None, self._running, error)
        if _same(news, self.news):
            return None
        self.news = news
        return news

    def start(self, on_news: Callable[[News], object], on_failure: Callable[[BaseException], object]) -> None:
        """Go on looking on a thread; ``on_news`` is called there, and ``on_failure`` with a defect of this program."""

        def run() -> None:
            try:
                while not self._over.is_set():
                    news = self.look()
                    if news is not None:
                        on_news(news)
                    self._woken.wait(POLL_S)
                    self._woken.clear()
            except Exception as failure:  # noqa: BLE001 - shown by the console's end, not swallowed: a silent feed would show old figures for ever
                on_failure(failure)
            finally:
                self._let_go()

        self._thread = threading.Thread(target=run, name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and let go of the database."""
        self._over.set()
        self._woken.set()
        if self._thread is None:
            self._let_go()
        else:
            self._thread.join(STOP_S)

    def _look(self) -> News:
        self._see_engine()
        if self._reader is None:
            self._reader = Reader(self._workspace.database)
            self._inode = _inode(self._workspace)
        self._grant_wishes(self._reader)
        if self._replay is not None:
            return self._look_at_past(self._reader, self._replay)
        version = _data_version(self._reader)
        shown = self.news.snapshot
        deep = self._deep
        if shown is None or version != self._version or (deep and not self._went_deep):
            shown = snapshot.read(self._reader, deep=deep, seen=self._seen)
            self._version, self._went_deep = version, deep
        detail, settings = self._read_detail(self._reader, shown)
        return News(
            shown,
            detail,
            self._running,
            settings=settings,
            no_settings=self._no_settings,
            pair=self._beside.read_pair(self._reader, _of_pair(shown, self._beside.pair)),
            listed=self._beside.read_settings(self._wanted),
            readings=self._beside.read_readings(self._reader, shown.devices, self._span_s),
            disk_full=self._full,
        )

    def _grant_wishes(self, reader: Reader) -> None:
        """Go where a person wants to in time."""
        while self._wishes:
            here = self._replay
            with reader.transaction() as connection:
                at, said = chosen(connection, None if here is None else here.at, self._wishes.popleft())
            # Whichever it is now, what was read before is of another moment.
            self._version, self._detail_until, self._past_key = None, 0.0, None
            turn = 0 if here is None else here.turn + 1
            self._replay = None if at is None else Replay(at, said=said, turn=turn)
            if here is None or at is None:
                # The present is not held beside the past, nor the other way round: each is some megabytes of its own.
                self._seen = Seen()

    def _look_at_past(self, reader: Reader, wanted: Replay) -> News:
        """Return what was at a moment; it is read anew only where something else is wanted of it: the past stands still."""
        from storage import past

        listed = self._beside.read_settings(self._wanted)
        key = (wanted, self._wanted, self._deep, self._beside.pair)
        shown = self.news.snapshot
        if key == self._past_key and shown is not None:
            readings_then = self._beside.read_readings(reader, shown.devices, self._span_s, at=wanted.at)
            return self.news._replace(listed=listed, readings=readings_then)
        found = past.read(reader, wanted.at, deep=self._deep)
        name = self._wanted
        news = News(
            found.snapshot,
            None if name is None else past.read_detail(reader, name, wanted.at),
            found.ran,
            settings=None if name is None else self._read_settings(name),
            replay=wanted._replace(missing=found.missing),
            pair=self._beside.read_pair(reader, wanted, at=wanted.at),
            listed=listed,
            readings=self._beside.read_readings(reader, found.snapshot.devices, self._span_s, at=wanted.at),
        )
        self._past_key = key
        return news

    def _read_detail(self, reader: Reader, shown: Snapshot) -> "tuple[Detail | None, ModelSettings | None]":
        name, now = self._wanted, time.monotonic()
        fresh = name == self._detail_of and now < self._detail_until
        if fresh and (shown is self.news.snapshot or _key(shown, name) == self._detail_key):
            return self.news.detail, self.news.settings
        self._detail_of, self._detail_key, self._detail_until = name, _key(shown, name), now + DETAIL_S
        if name is None:
            return None, None
        self._no_settings = not self._workspace.model_settings(name).exists()
        found = snapshot.read_detail(reader, name, span_s=self._span_s, seen=self._seen)
        return found, self._read_settings(name)

    def _read_settings(self, name: str) -> "ModelSettings | None":
        from storage.settings import read_model_settings

        try:
            return read_model_settings(self._workspace.model_settings(name))
        except SettingsError:
            # The engine found that, too, and wrote it down as the model's problem, which is shown.
            return None

    def _see_engine(self) -> None:
        if time.monotonic() < self._alive_until:
            return
        self._alive_until = time.monotonic() + ALIVE_S
        self._running = engine_pid(self._workspace) is not None
        self._full = full_disk.is_full(self._workspace.state)
        if self._reader is not None and self._inode != _inode(self._workspace):
            # Somebody moved the file aside and a new one was made: the old one would never change again.
            self._let_go()

    def _let_go(self) -> None:
        reader, self._reader, self._version = self._reader, None, None
        self._seen = Seen()
        self._detail_until = 0.0
        self._past_key = None
        self._beside.forget()
        if reader is not None:
            reader.close()


def _same(news: News, before: News) -> bool:
    """Whether nothing changed; two errors are the same when they say the same."""
    if news.error is not None and before.error is not None:
        return news.error.message == before.error.message and news.engine_running == before.engine_running
    return news == before


def _of_pair(shown: Snapshot, wanted: "Wanted | None") -> object:
    """Return what stays equal as long as what is known of two versions does."""
    return None if wanted is None else _key(shown, wanted.model)


def _key(shown: Snapshot, name: str | None) -> object:
    """Return what stays equal as long as a model's detail does, so that its long history is not read every second."""
    return (
        name,
        next((model for model in shown.models if model.name == name), None),
        tuple((job.id, job.state) for job in shown.jobs if job.model == name),
        tuple(event.id for event in shown.events if event.model == name),
        tuple(arrival for arrival in shown.arrivals if arrival.model == name),
        tuple(fault for fault in shown.faults if fault.model == name),
    )


def _data_version(reader: Reader) -> int:
    try:
        return reader.data_version()
    except sqlite3.Error as error:
        raise DatabaseError(
            f"The database cannot be read any more: {clean(str(error), 120)}.",
            "Check the folder .modeltender and its disk.",
        ) from error


def _inode(workspace: Workspace) -> int | None:
    with suppress(FileNotFoundError):  # gone is an answer, too: it differs from every number
        return os.stat(workspace.database).st_ino  # noqa: PTH116 - called every second
    return None
