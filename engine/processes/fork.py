"""What a fresh fork of a host does first, whatever it is to be: detach, confine itself, then serve.

It begins with all that the host may do and gives it up before it opens a stranger's first byte. It must not know
what is served, and it imports no numerical library: not every host needs one.
"""

import os
import random
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import NoReturn

from engine.processes import environment, kernel
from engine.processes.host_messages import Profile
from engine.processes.lockdown import confine, switched_off
from engine.processes.protocol import Confined

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
