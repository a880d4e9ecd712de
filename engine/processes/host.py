"""A framework host: imports one framework, then forks a model process whenever the engine asks.

``python -P -m engine.processes.host FRAMEWORK --fd N``. It imports trusted code only, runs no operation and
touches no device, so that every fork starts from the same clean state. It ends when the engine ends, however
that happens, and takes its model processes with it.
"""

import argparse
import contextlib
import gc
import os
import select
import signal
import socket
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Final

import msgspec

from engine.processes import fork, kernel, wire
from engine.processes.data_process import DATA
from engine.processes.examiner_process import EXAMINER
from engine.processes.host_messages import Exited, Fork, Forked, HostFailed, HostReady, ToHost
from storage.text import clean

_decoder: msgspec.msgpack.Decoder[ToHost] = msgspec.msgpack.Decoder(ToHost)

SERVICES: Final = {
    DATA: "engine.processes.data_service:load",
    EXAMINER: "engine.processes.examiner_service:load",
}
MODELS: Final = "engine.processes.child:load"
"""What imports a host's part and returns what its forks do, looked up by name: no host needs another one's."""


class Host:
    """Forks model processes, and buries them."""

    def __init__(self, channel: socket.socket, serve: fork.Serve) -> None:
        self._channel = channel
        self._serve = serve
        self._children: dict[int, int] = {}
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)

    def serve(self) -> None:
        """Do what the engine asks until it closes the channel."""
        try:
            while True:
                for descriptor, _events in self._poll.poll():
                    if descriptor != self._channel.fileno():
                        self._bury(self._children[descriptor])
                    elif not self._obey():
                        return
        except (BrokenPipeError, ConnectionResetError):
            # The engine is gone; so are we.
            return
        finally:
            for pid in self._children.values():
                _end_group(pid)

    def _obey(self) -> bool:
        """Do one thing that was asked; return whether there may be more."""
        received = wire.receive(self._channel)
        if received is None:
            return False
        try:
            self._fork(_decoder.decode(received.payload), received.descriptors)
        finally:
            wire.close_all(received.descriptors)
        return True

    def _fork(self, message: Fork, descriptors: tuple[int, ...]) -> None:
        # The child's end of its socket, and the writing end of what it prints.
        channel, stderr = descriptors
        host = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            wire.send(self._channel, HostFailed(f"no new process can be started: {error.strerror}"))
            return
        if pid == 0:
            # What is only the host's business must not be in a model's hands.
            self._channel.close()
            wire.close_all(tuple(self._children))
            fork.become(message.profile, channel=channel, stderr=stderr, parent=host, serve=self._serve)
        handle = os.pidfd_open(pid)
        self._children[handle] = pid
        self._poll.register(handle, select.POLLIN)
        wire.send(self._channel, Forked(message.request, pid), (handle,))

    def _bury(self, pid: int) -> None:
        """End what a child left in its group, only then free its number, and tell how it ended."""
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT) is None:
            return
        _end_group(pid)
        _, status, used = os.wait4(pid, 0)
        wire.send(self._channel, Exited(pid, os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024))
        handle = next(handle for handle, known in self._children.items() if known == pid)
        del self._children[handle]
        self._poll.unregister(handle)
        os.close(handle)


def _end_group(pid: int) -> None:
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            # It has no group of its own yet, or nobody is left in it.
            end(pid, signal.SIGKILL)


def main() -> None:
    """Be a host."""
    parser = argparse.ArgumentParser(description="A framework host of modeltender's engine; not for people.")
    parser.add_argument("framework")
    parser.add_argument("--fd", type=int, required=True)
    arguments = parser.parse_args()
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    channel = socket.socket(fileno=arguments.fd)
    channel.set_inheritable(False)
    if _abandoned(channel):
        return
    # Nothing that is imported becomes garbage before it is all there; looking for some takes a fifth of the time.
    gc.disable()
    try:
        load: Callable[[str], fork.Serve] = resolve_name(SERVICES.get(arguments.framework, MODELS))
        serve = load(arguments.framework)
    except Exception as error:  # noqa: BLE001 - a broken installation may raise anything while it is imported
        words = clean(str(error) or type(error).__name__)
        wire.send(channel, HostFailed(words))
        return
    # What is alive now stays for ever; the collector of a child need not touch it, which keeps it shared.
    gc.collect()
    gc.freeze()
    gc.enable()
    wire.send(channel, HostReady())
    Host(channel, serve).serve()


def _abandoned(channel: socket.socket) -> bool:
    """Whether the engine ended before this process asked to be told of that."""
    try:
        return channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


if __name__ == "__main__":
    main()
    # Frameworks' exit handlers take seconds and have nothing to save.
    os._exit(0)
