"""Other users of this machine: a function that is carried out by a process with another user's rights.

Only root may become somebody else. No account is needed: rights are numbers.
"""

import contextlib
import io
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from storage.errors import Error

OWNER, VIEWER, STRANGER = 64301, 64302, 64303
"""Users that no machine of ours has accounts for."""

GROUP = 64310
"""The group whose members may look."""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


class Told(NamedTuple):
    """How a function ended in the other process, and what it printed or why it was refused."""

    status: int
    text: str


def as_user(user: int, act: Callable[[], object], *, groups: Sequence[int] = ()) -> Told:
    """Carry out a function as another user, in a process of its own.

    Modules that it needs are imported before: the interpreter may lie where the other user may not read. No database may
    be open here: SQLite would take its locks for those of the new process.
    """
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        os._exit(_child(user, act, groups, writes))
    os.close(writes)
    with os.fdopen(reads, "rb") as stream:
        said = stream.read().decode()
    return Told(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said)


def _child(user: int, act: Callable[[], object], groups: Sequence[int], writes: int) -> int:
    said, status = io.StringIO(), 0
    try:
        os.setgroups(list(groups))
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = int(act() or 0)  # type: ignore[call-overload]
    except Error as error:
        status = error.exit_code
        said.write(f"{error.message}\n{error.hint}")
    except BaseException as error:  # noqa: BLE001 - told to the test, which fails by it
        status = 70
        said.write(repr(error))
    os.write(writes, said.getvalue().encode())
    os.close(writes)
    return status
