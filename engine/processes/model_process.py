"""One model in its own confined process: the questions that a model is asked.

It owns which answers a model's process may give. Processes themselves are `confined_process`'.
"""

from collections.abc import Callable
from pathlib import Path

from engine.data.identity import size
from engine.processes import answers
from engine.processes.confined_process import ConfinedProcess, Terms, ignored, never
from engine.processes.endings import Activity
from engine.processes.probes import Probe, Probed
from engine.processes.protocol import (
    Evaluate,
    Evaluated,
    LatencyMeasured,
    Load,
    Loaded,
    MeasureLatency,
)
from engine.protocols import Options
from storage.records import Metric


class ModelProcess(ConfinedProcess):
    """A model, loaded and ready to be asked, in a process of its own."""

    _loaded: Loaded | None = None

    options: Options = ()
    """What its runtime was told besides the artefact and the device."""

    @property
    def loaded(self) -> Loaded:
        """What the process said of its model, checked."""
        if self._loaded is None:
            raise RuntimeError("the model has not been loaded")
        return self._loaded

    def load(self, request: Load, *, deadline_s: float, cancelled: Callable[[], bool] = never) -> None:
        """Load the model.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        terms = Terms(Activity.LOADING, deadline_s, cancelled)
        self.options = request.options
        self._loaded = self.ask(
            request,
            Loaded,
            terms,
            lambda answer, wall_s: answers.checked_loaded(
                answer, wall_s=wall_s, peak_rss_bytes=self.peak_rss_bytes()
            ),
        )

    def evaluate(
        self,
        request: Evaluate,
        *,
        on_progress: Callable[[int, int], None],
        on_figure: Callable[[Metric], None] = ignored,
        deadline_s: float,
        cancelled: Callable[[], bool] = never,
    ) -> Evaluated:
        """Measure how good the model is.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        data_bytes = size(Path(request.data))
        terms = Terms(Activity.EVALUATING, deadline_s, cancelled, on_progress, data_bytes, on_figure)
        return self.ask(
            request, Evaluated, terms, lambda answer, wall_s: answers.checked_evaluated(answer, wall_s=wall_s)
        )

    def measure_latency(
        self,
        request: MeasureLatency,
        *,
        on_progress: Callable[[int, int], None],
        deadline_s: float,
        cancelled: Callable[[], bool] = never,
    ) -> LatencyMeasured:
        """Measure how fast the model is.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        terms = Terms(Activity.TIMING, deadline_s, cancelled, on_progress, size(Path(request.data)))
        return self.ask(
            request,
            LatencyMeasured,
            terms,
            lambda answer, wall_s: answers.checked_latency(answer, request, wall_s=wall_s),
        )

    def probe(self, request: Probe, *, deadline_s: float, cancelled: Callable[[], bool] = never) -> Probed:
        """Have a few examples answered, and the weights looked through.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        data_bytes = size(Path(request.data)) if request.data else 0
        terms = Terms(Activity.EVALUATING, deadline_s, cancelled, data_bytes=data_bytes)
        return self.ask(
            request, Probed, terms, lambda answer, _wall_s: answers.checked_probed(answer, request)
        )
