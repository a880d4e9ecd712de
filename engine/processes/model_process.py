"""One model in its own confined process: the questions that a model is asked.

It owns which answers a model's process may give. Processes themselves are `confined_process`'.
"""

from collections.abc import Callable
from pathlib import Path

from engine.data.identity import size
from engine.processes import answers, taking
from engine.processes.confined_process import ConfinedProcess, Terms, ignored, never, unheard
from engine.processes.endings import Activity, nonsense
from engine.processes.export_messages import (
    WRITTEN,
    Converted,
    Export,
    FitTemperature,
    Predict,
    Predicted,
    TemperatureFitted,
)
from engine.processes.probes import Probe, Probed, Repeat, Repeated
from engine.processes.protocol import (
    AnswerSome,
    Evaluate,
    Evaluated,
    LatencyMeasured,
    Load,
    Loaded,
    MeasureLatency,
    SomeAnswered,
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

    def answer_some(
        self,
        request: AnswerSome,
        *,
        on_progress: Callable[[int, int], None],
        deadline_s: float,
        cancelled: Callable[[], bool] = never,
    ) -> SomeAnswered:
        """Hear which of some examples the model answers rightly.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        terms = Terms(Activity.EVALUATING, deadline_s, cancelled, on_progress, size(Path(request.data)))
        return self.ask(
            request, SomeAnswered, terms, lambda answer, _wall_s: answers.checked_some(answer, request)
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

    def repeat(self, request: Repeat, *, deadline_s: float, cancelled: Callable[[], bool] = never) -> int:
        """Have the same examples answered again and again; return how often that was.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        terms = Terms(Activity.ANSWERING, deadline_s, cancelled)
        return self.ask(
            request, Repeated, terms, lambda answer, _wall_s: answers.checked_repeated(answer)
        ).times

    def predict(
        self, request: Predict, *, deadline_s: float, cancelled: Callable[[], bool] = never
    ) -> Predicted:
        """Have a few examples answered.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        terms = Terms(Activity.ANSWERING, deadline_s, cancelled, data_bytes=size(Path(request.data)))
        return self.ask(
            request, Predicted, terms, lambda answer, _wall_s: answers.checked_predicted(answer, request)
        )

    def fit_temperature(
        self,
        request: FitTemperature,
        *,
        on_progress: Callable[[int, int], None],
        deadline_s: float,
        cancelled: Callable[[], bool] = never,
    ) -> TemperatureFitted:
        """Find the temperature of a classifier.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        terms = Terms(Activity.ANSWERING, deadline_s, cancelled, on_progress, size(Path(request.data)))
        return self.ask(
            request, TemperatureFitted, terms, lambda answer, _wall_s: answers.checked_temperature(answer)
        )

    def export(
        self,
        request: Export,
        destination: Path,
        *,
        deadline_s: float,
        cancelled: Callable[[], bool] = never,
    ) -> None:
        """Have an artefact of another kind made, and move it to ``destination``, which does not exist; the process is ended.

        Raises:
            ModelProcessError: it did not work; its message says how.
            OSError: the result cannot be moved.
        """
        terms = Terms(Activity.CONVERTING, deadline_s, cancelled, unheard, size(Path(request.data)))
        self.ask(request, Converted, terms, lambda answer, _wall_s: answer)
        self.end()
        try:
            taking.take(Path(self.scratch, WRITTEN), request.artefact, destination)
        except taking.OddError as error:
            raise nonsense(Activity.CONVERTING, str(error)) from None
