"""A model process: detached, confined, then at the engine's service with one model.

It begins as a fork of a framework host, gives up its rights before it opens the model's first byte, says
which walls stand, and answers one question after another until the engine lets go. It must not import what
the host has not imported already, and whatever a model raises becomes an answer, never a traceback alone.
"""

import os
import random
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Final, NoReturn

import msgspec

from engine.evaluation import latency, measure
from engine.processes import environment, kernel, wire
from engine.processes.lockdown import confine, switched_off
from engine.processes.protocol import (
    Confined,
    Evaluate,
    Evaluated,
    Failed,
    LatencyMeasured,
    Load,
    Loaded,
    MeasureLatency,
    Profile,
    Progress,
    ToModel,
)
from engine.processes.words import failure
from engine.protocols import LoadedModel, Loader, RuntimeSpec
from engine.runtimes import installed_versions
from storage.records import Metric
from storage.vocabulary import Layer, LayerState

NEEDED_WALLS: Final = (Layer.FILES, Layer.NETWORK, Layer.SYSCALLS)
"""What a format that is itself code is not opened without."""

_decoder: msgspec.msgpack.Decoder[ToModel] = msgspec.msgpack.Decoder(ToModel)


Serve = Callable[[socket.socket, Profile, Confined], None]
"""What a process does behind its walls: it says which stand, and answers until the engine lets go."""


def become(profile: Profile, *, channel: int, stderr: int, parent: int, serve: Serve) -> NoReturn:
    """Turn this fresh fork of a host into a process behind walls; it ends here, whatever happens."""
    status = 1
    try:
        _detach(parent)
        _rewire(stderr)
        off = switched_off(os.environ.get(environment.SANDBOX_OFF, ""))
        _settle(profile)
        with socket.socket(fileno=channel) as connection:
            confined = confine(profile, off)
            serve(connection, profile, confined)
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        # The engine let go in mid-answer: nobody is left to tell.
        status = 0
    except BaseException:  # noqa: BLE001 - the last stop before the end of the process; the engine reads stderr
        traceback.print_exc()
    finally:
        # The host's exit handlers and buffers are not ours to run.
        os._exit(status)


def _detach(parent: int) -> None:
    """Lead an own group, which can be ended as one, and end with the host."""
    os.setsid()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _rewire(stderr: int) -> None:
    """Nothing to read, and everything that is printed goes where the engine reads a model's last words."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for standard in (1, 2):
        os.dup2(stderr, standard)
    os.close(stderr)


def _settle(profile: Profile) -> None:
    """Make the scratch folder the only home, for what asks now and for what remembered the host's."""
    os.umask(0o077)
    os.chdir(profile.scratch)
    environment.replace(environment.for_model(os.environ, profile.scratch, accelerated=bool(profile.devices)))
    tempfile.tempdir = profile.scratch
    sys.dont_write_bytecode = True
    # Siblings would otherwise share the host's state of chance.
    random.seed()


def serve_model(connection: socket.socket, profile: Profile, confined: Confined) -> None:
    """Be a model process."""
    ModelService(connection, profile, confined).run()


class ModelService:
    """Answers the engine's questions about one model."""

    def __init__(self, connection: socket.socket, profile: Profile, confined: Confined) -> None:
        self._connection = connection
        self._profile = profile
        self._confined = confined
        self._model: LoadedModel | None = None

    def run(self) -> None:
        """Say which walls stand, then answer until the engine lets go."""
        wire.send(self._connection, self._confined)
        while (received := wire.receive(self._connection)) is not None:
            wire.send(self._connection, self._answer(_decoder.decode(received.payload)))

    def _answer(self, message: ToModel) -> msgspec.Struct:
        try:
            match message:
                case Load():
                    return self._load(message)
                case Evaluate():
                    return self._evaluate(message)
                case MeasureLatency():
                    return self._measure(message)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a model may raise anything; all of it is its answer
            return failure(error, self._profile.limits.memory_bytes)

    def _load(self, message: Load) -> Loaded | Failed:
        absent = [layer for layer in NEEDED_WALLS if self._confined.layers[layer] is not LayerState.ON]
        if message.runtime.needs_sandbox and absent:
            return Failed(
                f"Not loaded: {message.runtime.name} models run code, and the sandbox lacks {', '.join(absent)} here.",
                "Run modeltender doctor to see what the kernel lacks.",
            )
        began = time.perf_counter()
        load: Loader = resolve_name(message.runtime.loader)
        model = load(Path(message.artefact), message.device, **dict(message.options))
        self._model = model
        return Loaded(
            inputs=tuple(model.inputs),
            outputs=tuple(model.outputs),
            parameters=model.parameters,
            versions=versions(message.runtime),
            load_s=time.perf_counter() - began,
            peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        )

    def _evaluate(self, message: Evaluate) -> Evaluated:
        return measure.evaluate(self._loaded(), message, self._progress, self._figure)

    def _measure(self, message: MeasureLatency) -> LatencyMeasured:
        return latency.measure(self._loaded(), message, self._progress)

    def _loaded(self) -> LoadedModel:
        if self._model is None:
            raise RuntimeError("no model was loaded")
        return self._model

    def _progress(self, done: int, total: int) -> None:
        wire.send(self._connection, Progress(done, total))

    def _figure(self, figure: Metric, done: int, total: int) -> None:
        wire.send(self._connection, Progress(done, total, figure))


@cache
def versions(spec: RuntimeSpec) -> dict[str, str]:
    """Return the versions of what runs a format, looked up once: behind the walls it is known already."""
    return installed_versions(spec)
