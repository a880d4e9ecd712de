"""Framework hosts and the model processes that come out of them, for the engine's threads.

It owns which hosts run and the folders that processes may write, and must not know what a model is asked.
No asyncio: callers are threads, and every wait has a deadline.
"""

import contextlib
import logging
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from engine.processes import scratch
from engine.processes.confined_process import ConfinedProcess, never
from engine.processes.conversation import Conversation
from engine.processes.data_process import DATA, DataProcess
from engine.processes.endings import CANCELLED, NOT_KEPT, NOT_STARTED, ModelProcessError
from engine.processes.examiner_process import EXAMINER, EXAMINER_BYTES, SCRATCH_BYTES, ExaminerProcess
from engine.processes.framework_host import FrameworkHost
from engine.processes.host_messages import Limits, Profile
from engine.processes.interpreter import OWN, Interpreter
from engine.processes.model_process import ModelProcess
from engine.processes.processor_share import Share, whole
from engine.processes.protocol import Load
from engine.processes.training_process import TrainingProcess
from engine.protocols import Options, RuntimeSpec
from storage import shortages
from storage.records import HostState
from storage.settings import LimitSettings
from storage.vocabulary import Format

__all__ = ["Hosts", "ModelProcess", "ModelProcessError"]

log = logging.getLogger(__name__)

ProcessT = TypeVar("ProcessT", bound=ConfinedProcess)

GIB: Final = 1024**3
MIB: Final = 1024**2

CONFINE_S: Final = 30.0
"""A fork is confined within milliseconds; a machine that needs this long is in trouble."""

NODES: Final = {"cuda": ("nvidia*", "nvidia-caps/*", "dri/*"), "rocm": ("kfd", "dri/*"), "npu": ("accel/*",)}
"""Which nodes of ``/dev`` an accelerator's driver opens."""


class Order(NamedTuple):
    """What a process is to be."""

    framework: str
    hint: str
    """What to do where its framework cannot be imported."""
    readable: tuple[Path, ...]
    file_bytes: int
    """The most that it may write."""
    device: str = "cpu"
    memory_bytes: int | None = None
    """The most memory that it may use, or ``None`` for as much as a model."""


class Hosts:
    """Starts hosts on demand, reuses them, replaces them in time, and ends them."""

    def __init__(
        self,
        *,
        scratch: Path,
        limits: LimitSettings,
        interpreter: Interpreter = OWN,
        share: Share | None = None,
    ) -> None:
        """Hosts run with ``interpreter`` on their ``share`` of the processor; nobody else may write ``scratch``."""
        self._scratch = scratch
        self._limits = limits
        self._interpreter = interpreter
        self._lock = threading.Lock()
        self._hosts: dict[str, FrameworkHost] = {}
        self._retired: list[FrameworkHost] = []
        self._users: Counter[FrameworkHost] = Counter()
        self._processes: list[ConfinedProcess] = []
        self._closed = False
        self.share: Final = share or whole()
        """What all that is started here may use of the processor, together."""
        self.measuring: Final = threading.Event()
        """Set while a model is measured: what only takes long stands still meanwhile."""
        # One thread that lives as long as the hosts: they end with the thread that started them.
        # Whatever it starts is pinned as it is itself, from the first instruction on.
        self._spawner = ThreadPoolExecutor(1, "hosts", self.share.pin_thread)
        # Begun at once: where no thread can be had, that is told now, and not when a host is needed.
        self._spawner.submit(never).result()
        _remove_leftovers(scratch)

    def open(
        self,
        artefact: Path,
        runtime: RuntimeSpec,
        device: str,
        readable: Sequence[Path],
        *,
        wanted: Format | None = None,
        options: Options = (),
        trusted: bool = False,
        every_wall: bool = False,
        cores: Collection[int] = (),
        cancelled: Callable[[], bool] = never,
    ) -> ModelProcess:
        """Return ``artefact`` loaded with ``runtime`` in a process of its own, which may read ``readable`` too.

        It must be recognised as ``wanted``, or as any format of the runtime where none is named. Whoever says that it
        is ``trusted`` has made sure that its very content is; ``every_wall`` refuses to load it where any wall is missing.
        Where ``cores`` are named it is pinned to them before it loads, so that its threads are as many as they.

        Raises:
            ModelProcessError: it could not be loaded; the message says why.
        """
        order = Order(
            runtime.framework,
            f"Install it with: pip install 'modeltender[{runtime.extra}]'",
            (artefact, *readable),
            int(self._limits.scratch_mib * MIB),
            device,
        )
        process = self._start(ModelProcess, order)
        try:
            process.await_confined(deadline_s=CONFINE_S)
            if cores:
                process.pin(cores)
            formats = runtime.formats if wanted is None else (wanted,)
            request = Load(str(artefact.absolute()), runtime, device, formats, options, trusted, every_wall)
            process.load(request, deadline_s=self._limits.load_s, cancelled=cancelled)
        except BaseException:
            process.close()
            raise
        return process

    def open_training(
        self, runtime: RuntimeSpec, device: str, readable: Sequence[Path], *, scratch_bytes: int
    ) -> TrainingProcess:
        """Return a process that trains, and may read nothing but ``readable`` and write ``scratch_bytes``.

        Raises:
            ModelProcessError: it could not be started; the message says why.
        """
        hint = f"Install it with: pip install 'modeltender[{runtime.extra}]'"
        file_bytes = max(scratch_bytes, int(self._limits.scratch_mib * MIB))
        order = Order(runtime.framework, hint, tuple(readable), file_bytes, device)
        return self._confined(TrainingProcess, order)

    def open_data(self, readable: Sequence[Path], *, limit_bytes: int) -> DataProcess:
        """Return a process that reads data, and may read nothing but ``readable`` and write ``limit_bytes``.

        Raises:
            ModelProcessError: it could not be started; the message says why.
        """
        return self._confined(DataProcess, Order(DATA, "", tuple(readable), limit_bytes))

    def open_examiner(self, readable: Sequence[Path]) -> ExaminerProcess:
        """Return a process that tells what files are, and may read nothing but ``readable``.

        Raises:
            ModelProcessError: it could not be started; the message says why.
        """
        memory_bytes = min(EXAMINER_BYTES, self._memory_bytes)
        order = Order(EXAMINER, "", tuple(readable), SCRATCH_BYTES, memory_bytes=memory_bytes)
        return self._confined(ExaminerProcess, order)

    def warm(self, framework: str) -> None:
        """Start the host of ``framework`` if none runs, without waiting for its import."""
        with self._lock:
            self._host(framework)

    def launch(
        self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start a program of the owner's, without walls but on the same share of the processor; what it prints is to be read.

        Raises:
            OSError: it cannot be started.
            ModelProcessError: the engine is stopping.
        """
        with self._lock:
            if self._closed:
                raise _stopping()
            process = self._spawner.submit(
                subprocess.Popen[bytes],
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ).result()
        self.share.take_in(process.pid)
        return process

    def states(self) -> tuple[HostState, ...]:
        """Return the hosts that run, and how many model processes each holds."""
        with self._lock:
            hosts = [*self._hosts.values(), *self._retired]
            return tuple(
                HostState(host.framework, host.pid, self._users[host]) for host in hosts if host.running
            )

    def retire_idle(self, now: float) -> None:
        """End the hosts that had no model process for ``limits.process_idle_s`` at monotonic time ``now``."""
        with self._lock:
            for framework, host in list(self._hosts.items()):
                if not self._users[host] and now - host.used_at > self._limits.process_idle_s:
                    self._retired.append(self._hosts.pop(framework))
            ending = self._unused()
        for host in ending:
            _close(host)

    def close(self) -> None:
        """End every process and every host, the youngest first; one that resists does not save the others."""
        with self._lock:
            self._closed = True
            processes = list(self._processes)
        for process in reversed(processes):
            _close(process)
        with self._lock:
            hosts = [*self._retired, *self._hosts.values()]
            self._hosts.clear()
            self._retired.clear()
        for host in reversed(hosts):
            _close(host)
        self._spawner.shutdown()

    def _confined(self, kind: type[ProcessT], order: Order) -> ProcessT:
        """Return a new process that has said which walls stand."""
        process = self._start(kind, order)
        try:
            process.await_confined(deadline_s=CONFINE_S)
        except BaseException:
            process.close()
            raise
        return process

    def _start(self, kind: type[ProcessT], order: Order) -> ProcessT:
        """Return a new process that has not said a word yet."""
        with self._lock:
            host = self._host(order.framework)
            # From here on it is in use, so that nobody retires it under us.
            self._users[host] += 1
        with contextlib.ExitStack() as undo:
            undo.callback(self._let_go, host)
            folder = self._folder()
            undo.callback(_remove, folder)
            profile = self._profile(order, folder)
            birth = host.fork(profile, order.hint)
            undo.pop_all()
        conversation = Conversation(birth.channel, birth.stderr, birth.handle)
        memory_bytes = self._memory_bytes if order.memory_bytes is None else order.memory_bytes
        process = kind(
            host, birth.pid, conversation, profile, memory_bytes=memory_bytes, on_closed=self._forget
        )
        with self._lock:
            self._processes.append(process)
            closed = self._closed
        if closed:
            process.close()
            raise _stopping()
        return process

    def _host(self, framework: str) -> FrameworkHost:
        """Return the host of ``framework``, started if need be; the lock is held."""
        if self._closed:
            raise _stopping()
        host = self._hosts.get(framework)
        if host is None or not host.usable:
            if host is not None:
                # Not to be retired twice where the new one cannot be started.
                self._retired.append(self._hosts.pop(framework))
            host = self._new_host(framework)
            # It imports for a while before it can fork: what comes out of it is under the same limit.
            self.share.take_in(host.pid)
            self._hosts[framework] = host
        host.used_at = time.monotonic()
        return host

    def _new_host(self, framework: str) -> FrameworkHost:
        home = self._folder()
        try:
            return FrameworkHost(
                framework,
                spawner=self._spawner,
                home=home,
                inherited=os.environ,
                interpreter=self._interpreter,
            )
        except OSError as error:
            _remove(home)
            raise ModelProcessError(
                f"The {framework} host cannot be started ({error.strerror or error}).",
                shortages.hint(error, "Free memory or disk space; then try again."),
                code=NOT_STARTED,
            ) from None

    def _forget(self, process: ConfinedProcess) -> None:
        with self._lock:
            self._processes.remove(process)
        self._let_go(process.host)

    def _let_go(self, host: FrameworkHost) -> None:
        """Count one user less; a retired host ends with its last one."""
        with self._lock:
            self._users[host] -= 1
            host.used_at = time.monotonic()
            ending = self._unused()
        for unused in ending:
            _close(unused)

    def _unused(self) -> list[FrameworkHost]:
        """Take the retired hosts that nobody uses off the list, to be closed without the lock."""
        ending = [host for host in self._retired if not self._users[host]]
        for host in ending:
            self._retired.remove(host)
            del self._users[host]
        return ending

    @property
    def _memory_bytes(self) -> int:
        return int(self._limits.memory_gib * GIB)

    def _folder(self) -> Path:
        try:
            return scratch.make(self._scratch)
        except OSError as error:
            raise ModelProcessError(
                f"No folder for a model process can be made in {self._scratch}: {error.strerror}.",
                "Free some disk space, or make the folder writable.",
                code=NOT_KEPT,
            ) from None

    def _profile(self, order: Order, folder: Path) -> Profile:
        nodes = _nodes(order.device)
        limits = Limits(
            memory_bytes=0 if nodes else order.memory_bytes or self._memory_bytes,
            cpu_s=int(self._limits.load_s) * (os.cpu_count() or 1),
            file_bytes=order.file_bytes,
        )
        return Profile(tuple(str(path.absolute()) for path in order.readable), str(folder), limits, nodes)


def _stopping() -> ModelProcessError:
    return ModelProcessError("The engine is stopping.", code=CANCELLED)


def _nodes(device: str) -> tuple[str, ...]:
    """Return the device nodes that a process on ``device`` needs."""
    patterns = NODES.get(device.partition(":")[0], ())
    return tuple(str(node) for pattern in patterns for node in sorted(Path("/dev").glob(pattern)))


def _remove_leftovers(folder: Path) -> None:
    """Remove what processes of an engine that was killed have left; its processes died with it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for leftover in folder.iterdir():
        _remove(leftover)


def _remove(folder: Path) -> None:
    try:
        scratch.sweep(folder)
    except OSError:
        # It takes room and does no other harm; every process gets a new one.
        log.warning("%s could not be removed", folder, exc_info=True)


def _close(thing: ConfinedProcess | FrameworkHost) -> None:
    try:
        thing.close()
    except Exception:
        # Ending goes on: what is left over dies with the engine.
        log.exception("%s could not be closed", thing)
