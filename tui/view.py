"""What the screens are given to show: the latest news, the moment, and how this console was opened."""

from typing import NamedTuple

from storage.records import Device, Event, Fault, Job, Model
from tui.feed import News
from tui.listing import USUAL, Listing
from tui.spans import ALL


class View(NamedTuple):
    """Everything that a screen shows at one moment; equal views look the same."""

    news: News
    now: float
    host: str
    folder: str
    """The workspace, as a person would name it."""
    selected: str | None
    """The name of the model under the cursor; the cursor follows the model, never the row."""
    read_only: bool = False
    paused: bool = False
    listing: Listing = USUAL
    """Which models are listed, and in which order."""
    span: int = ALL
    """Which stretch of time the charts show, of `SPANS`."""
    marked: frozenset[str] = frozenset()
    """The names of the models that the next action is about, where there are any."""

    @property
    def model(self) -> Model | None:
        """The selected model, or ``None`` where there is none (any more)."""
        return next((model for model in self.models if model.name == self.selected), None)

    @property
    def as_of(self) -> float:
        """The moment that figures stand for: now, or the last beat of an engine that is gone."""
        state = self.news.snapshot.engine if self.news.snapshot else None
        return self.now if self.news.engine_running or state is None else min(state.heartbeat_at, self.now)

    @property
    def models(self) -> tuple[Model, ...]:
        """The models as they were last read."""
        return () if self.news.snapshot is None else self.news.snapshot.models

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs as they were last read."""
        return () if self.news.snapshot is None else self.news.snapshot.jobs

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices as they were last read."""
        return () if self.news.snapshot is None else self.news.snapshot.devices

    @property
    def events(self) -> tuple[Event, ...]:
        """The events as they were last read, the newest first."""
        return () if self.news.snapshot is None else self.news.snapshot.events

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The open faults as they were last read."""
        return () if self.news.snapshot is None else self.news.snapshot.faults
