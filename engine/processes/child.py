"""A model process: behind its walls, at the engine's service with one model.

It says which walls stand, and answers one question after another until the engine lets go. It must not import
what the host has not imported already, and whatever a model raises becomes an answer, never a traceback alone.
"""

import contextlib
import importlib
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

import msgspec

from engine.evaluation import answering, fitting, latency, measure, predicting, probe
from engine.exports import ROUTES, conversion
from engine.exports.recalibration import RECALIBRATIONS
from engine.exports.renewal import RENEWALS
from engine.processes import fork, wire
from engine.processes.export_messages import (
    Converted,
    Export,
    FitTemperature,
    Predict,
    Predicted,
    TemperatureFitted,
)
from engine.processes.host_messages import Profile
from engine.processes.probes import Probe, Repeat
from engine.processes.protocol import (
    AnswerSome,
    Confined,
    Evaluate,
    Evaluated,
    Failed,
    LatencyMeasured,
    Load,
    Loaded,
    MeasureLatency,
    Progress,
    SomeAnswered,
    ToModel,
)
from engine.processes.words import failure
from engine.protocols import LoadedModel, Loader, RuntimeSpec, TensorSpec
from engine.runtimes import RUNTIMES, installed_versions, recognise
from engine.training.requests import EpochDone, Trained, TrainModel
from storage.records import Metric
from storage.text import NAME, SENTENCE, clean
from storage.vocabulary import Layer, LayerState

NEEDED_WALLS: Final = (Layer.FILES, Layer.NETWORK, Layer.SYSCALLS)
"""What a format that is itself code is not opened without."""

SPARED: Final = "sklearn"
"""Keras imports scikit-learn, and half of scipy with it, where they are installed, for wrappers that no runtime uses: a fifth
of the time that a host of TensorFlow takes to start, and 60 MB of each of its processes."""

Trainer = Callable[[TrainModel, Path, Callable[[int, int], None], Callable[[EpochDone], None]], Trained]
"""What a runtime's ``trainer`` names: it trains into the scratch folder and tells batches and epochs as they are done."""

_decoder: msgspec.msgpack.Decoder[ToModel] = msgspec.msgpack.Decoder(ToModel)


def load(framework: str) -> fork.Serve:
    """Import a framework and our own code that uses it; return what model processes do. Called by their host, once."""
    ours = [spec for spec in RUNTIMES if spec.framework == framework]
    # Our own code first: it sees to it that a framework is quiet and reports nothing to its makers.
    targets = [target for spec in ours for target in (spec.loader, spec.trainer) if target]
    routes = (*ROUTES, *RECALIBRATIONS, *(renewal.route for renewal in RENEWALS))
    converters = [route.converter for route in routes if route.framework == framework]
    modules = dict.fromkeys(name.partition(":")[0] for name in (*targets, *converters))
    with _without(SPARED):
        for name in (*modules, framework):
            importlib.import_module(name)
    for spec in ours:
        # Looked up here, remembered in every child.
        versions(spec)
    return serve_model


@contextlib.contextmanager
def _without(package: str) -> Iterator[None]:
    """Let a package that is not imported yet pass for one that is not installed."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # how Python says that it is missing
    try:
        yield
    finally:
        del sys.modules[package]


def serve_model(connection: socket.socket, profile: Profile, confined: Confined) -> None:
    """Be a model process."""
    ModelService(connection, profile, confined).run()


def _shortened(tensor: TensorSpec) -> TensorSpec:
    """Return a tensor with a name that fits into an answer, whatever its file called it; the engine cuts it to a table's width."""
    return msgspec.structs.replace(tensor, name=tensor.name[:SENTENCE])


class ModelService:
    """Answers the engine's questions about one model."""

    def __init__(self, connection: socket.socket, profile: Profile, confined: Confined) -> None:
        self._connection = connection
        self._profile = profile
        self._confined = confined
        self._model: LoadedModel | None = None
        self._request: Load | None = None

    def run(self) -> None:
        """Say which walls stand, then answer until the engine lets go."""
        wire.send(self._connection, self._confined)
        while (received := wire.receive(self._connection)) is not None:
            wire.send(self._connection, self._answer(_decoder.decode(received.payload)))

    def _answer(self, message: ToModel) -> msgspec.Struct:
        try:
            return self._done(message)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a model may raise anything; all of it is its answer
            return failure(error, self._profile.limits.memory_bytes)

    def _done(self, message: ToModel) -> msgspec.Struct:
        answer: msgspec.Struct
        match message:
            case Load():
                answer = self._load(message)
            case Evaluate():
                answer = self._evaluate(message)
            case AnswerSome():
                answer = self._answer_some(message)
            case MeasureLatency():
                answer = self._measure(message)
            case Predict():
                answer = self._predict(message)
            case FitTemperature():
                answer = self._fit_temperature(message)
            case Probe():
                answer = probe.probe(self._loaded(), message)
            case Repeat():
                answer = probe.repeat(self._loaded(), message)
            case Export():
                answer = self._export(message)
            case TrainModel():
                answer = self._train(message)
        return answer

    def _load(self, message: Load) -> Loaded | Failed:
        refused = self._unconfined(message) or _turned_down(message)
        if refused is not None:
            return refused
        began = time.perf_counter()
        load: Loader = resolve_name(message.runtime.loader)
        told = {"trusted": message.trusted} if message.runtime.hears_of_trust else {}
        model = load(Path(message.artefact), message.device, **dict(message.options), **told)
        self._model, self._request = model, message
        return Loaded(
            inputs=tuple(map(_shortened, model.inputs)),
            outputs=tuple(map(_shortened, model.outputs)),
            parameters=model.parameters,
            versions=versions(message.runtime),
            load_s=time.perf_counter() - began,
            peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )

    def _unconfined(self, message: Load | TrainModel) -> Failed | None:
        """Return the refusal of a model that is not opened without walls which are missing here, or ``None``."""
        if message.every_wall:
            needed, why = tuple(Layer), "modeltender.toml says require_sandbox"
        elif message.trusted:
            needed, why = NEEDED_WALLS, "what is trusted may run code"
        elif message.runtime.needs_sandbox:
            needed, why = NEEDED_WALLS, f"{message.runtime.name} models run code"
        else:
            return None
        absent = [layer for layer in needed if self._confined.layers[layer] is not LayerState.ON]
        if not absent:
            return None
        return Failed(
            f"Not loaded: {why}, and the sandbox lacks {', '.join(absent)} here.",
            "Run modeltender doctor to see what the kernel lacks.",
            walls=True,
        )

    def _evaluate(self, message: Evaluate) -> Evaluated:
        return measure.evaluate(self._loaded(), message, self._progress, self._figure)

    def _answer_some(self, message: AnswerSome) -> SomeAnswered:
        return answering.answer(self._loaded(), message, self._progress)

    def _measure(self, message: MeasureLatency) -> LatencyMeasured:
        return latency.measure(self._loaded(), message, self._progress)

    def _predict(self, message: Predict) -> Predicted:
        return predicting.predict(self._loaded(), message)

    def _fit_temperature(self, message: FitTemperature) -> TemperatureFitted:
        return fitting.fit(self._loaded(), message, self._progress)

    def _export(self, message: Export) -> Converted:
        model, request = self._loaded(), self._request
        if request is None:
            raise RuntimeError("no model was loaded")
        return conversion.convert(model, request, message, Path(self._profile.scratch))

    def _train(self, message: TrainModel) -> Trained | Failed:
        refused = self._unconfined(message) or (_turned_down(message) if message.artefact else None)
        if refused is not None:
            return refused
        train: Trainer = resolve_name(message.runtime.trainer)
        trained = train(message, Path(self._profile.scratch), self._progress, self._epoch)
        return msgspec.structs.replace(trained, versions=versions(message.runtime))

    def _loaded(self) -> LoadedModel:
        if self._model is None:
            raise RuntimeError("no model was loaded")
        return self._model

    def _progress(self, done: int, total: int) -> None:
        wire.send(self._connection, Progress(done, total))

    def _figure(self, figure: Metric, done: int, total: int) -> None:
        wire.send(self._connection, Progress(done, total, figure))

    def _epoch(self, done: EpochDone) -> None:
        wire.send(self._connection, done)


def _turned_down(message: Load | TrainModel) -> Failed | None:
    """Return why an artefact is not handed to its loader, or ``None``: since it was examined it may have been replaced."""
    artefact = Path(message.artefact)
    found = recognise(artefact)
    meant = found.on_trust if message.trusted and found.format is None else found.format
    if meant in message.formats:
        return None
    if meant is None:
        return Failed(
            f"{found.reason}.",
            refused=found.refused or found.doubt is not None,
            evidence=found.doubt.evidence if found.doubt else (),
        )
    wanted = " or ".join(message.formats)
    return Failed(f"{clean(artefact.name, NAME)} is {meant} and not {wanted}: it was replaced.")


@cache
def versions(spec: RuntimeSpec) -> dict[str, str]:
    """Return the versions of what runs a format, looked up once: behind the walls it is known already."""
    return installed_versions(spec)
