"""What the screens are given to show: the latest news, the moment, and how this console was opened."""

from typing import NamedTuple

from storage.fault_records import Event, Fault
from storage.paired import Pair, Wanted
from storage.records import Device, Job, Model
from storage.training_records import TrainingRun
from tui.feed import News
from tui.listing import USUAL, Listing
from tui.replaying import Replay
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
    compared: Wanted | None = None
    """Which two versions are compared."""
    marked: frozenset[str] = frozenset()
    """The names of the models that the next action is about, where there are any."""
    owner: str | None = None
    """Whose workspace it is, where this user may only look at it."""

    @property
    def replay(self) -> Replay | None:
        """Which moment of the past is shown, or ``None`` where it is how things stand now."""
        return self.news.replay

    @property
    def acts(self) -> bool:
        """Whether the engine can be asked for something."""
        return not self.read_only and self.news.engine_running and self.replay is None

    @property
    def pair(self) -> Pair | None:
        """The two versions that are compared, or ``None`` before they are read, and where one of them is not there."""
        pair = self.news.pair
        return pair if pair is not None and pair.wanted == self.compared else None

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
    def trainings(self) -> tuple[TrainingRun, ...]:
        """The trainings of the jobs as they were last read, while somebody looks at jobs."""
        return () if self.news.snapshot is None else self.news.snapshot.trainings

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
