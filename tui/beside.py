"""What is read only while a screen shows it: two versions beside each other, every setting, a device's readings.

Owned by the reader thread, which asks at each look; what did not change is not read again.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from storage.database import Reader
from storage.records import Device
from storage.workspace import Workspace
from tui.spans import STEPS

if TYPE_CHECKING:
    from storage.device_readings import Readings
    from storage.paired import Pair, Wanted
    from storage.settings_listing import Listed

CHART_S = 10.0
"""A device's readings are read again after this time at the least, and once a minute where all of them are shown."""
ALL_CHART_S = 60.0


class Charted(NamedTuple):
    """Which reading of which device a chart shows."""

    device: str
    reading: str


class Beside:
    """Reads what few screens want."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.pair: Wanted | None = None
        """Which two versions are wanted."""
        self.settings = False
        """Whether every setting is wanted."""
        self.charted: Charted | None = None
        """Which reading of which device is wanted."""
        self._paired: Pair | None = None
        self._paired_of: object = None
        self._listed: Listed | None = None
        self._listed_of: object = None
        self._readings: Readings | None = None
        self._readings_of: object = None

    def read_pair(self, reader: Reader, basis: object, *, at: float | None = None) -> "Pair | None":
        """Return the two versions that are wanted, now or at a moment; with the same ``basis`` they are as they were."""
        if self.pair is None:
            return None
        of = (self.pair, at, basis)
        if of != self._paired_of:
            # Loaded when it is first wanted: the first paint does not wait for it.
            from storage import paired

            self._paired = paired.read(reader, self.pair, at=at)
            self._paired_of = of
        return self._paired

    def read_settings(self, model: str | None) -> "Listed | None":
        """Return every setting of the workspace and of a model, where they are wanted; read anew when a file changed."""
        if not self.settings:
            return None
        from storage.settings_listing import listed, stamp

        of = stamp(self._workspace, model)
        if of != self._listed_of:
            self._listed_of = of
            self._listed = listed(self._workspace, model)
        return self._listed

    def read_readings(
        self, reader: Reader, devices: Sequence[Device], span_s: float, *, at: float | None = None
    ) -> "Readings | None":
        """Return the reading that is wanted over so much time, until now or until a moment.

        It is read again when a device was read for so long since then that a chart shows the difference.
        """
        wanted = self.charted
        device = next((one for one in devices if wanted is not None and one.id == wanted.device), None)
        if wanted is None or device is None:
            self._readings = self._readings_of = None
            return None
        step_s = ALL_CHART_S if math.isinf(span_s) else max(span_s / STEPS, CHART_S)
        of = (wanted, span_s, at, None if device.at is None else device.at // step_s)
        if of != self._readings_of:
            # As above.
            from storage import device_readings

            self._readings = device_readings.read(
                reader, wanted.device, wanted.reading, span_s=span_s, until=at
            )
            self._readings_of = of
        return self._readings

    def forget(self) -> None:
        """Read everything anew: the database is another one."""
        self._paired_of = self._listed_of = self._readings_of = None
