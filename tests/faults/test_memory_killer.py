"""A machine out of memory: the kernel ends a model process first, and it is to blame only where it took the memory itself."""

import json
from pathlib import Path

import psutil
import pytest

from engine.processes import endings, memory_killer
from engine.processes.memory_killer import Victim
from engine.processes.words import GIB
from tests.hostile.workbench import MODULES
from tests.memory_groups import short_of_memory
from tests.name_spaces import python

SMALL = 384 * 1024**2
"""Bytes: a host and its model process fit with room, and what takes more is soon through."""

TELLING = """
import json, os, subprocess, sys
from pathlib import Path
os.environ["PYTHONPATH"] = sys.argv[1]
from engine.processes.endings import ModelProcessError
from storage.settings import LimitSettings
from tests.hostile.workbench import Bench

OTHER = "held = bytearray(100 * 2**20); input()"
bench = Bench(Path(sys.argv[2]), LimitSettings(load_s=60, memory_gib=64))
try:
    {what}
except ModelProcessError as error:
    print(json.dumps([error.code, error.message, error.hint]))
finally:
    bench.hosts.close()
"""

DEVOURS = 'bench.open("devours")'

BESIDE_OTHERS = """process = bench.open("hanging")
    others = [subprocess.Popen([sys.executable, "-c", OTHER], stdin=subprocess.PIPE) for _ in range(4)]
    try:
        bench.evaluate(process, deadline_s=60)
    finally:
        for other in others:
            other.kill()
            other.wait()
"""
"""Each other takes less than the half of the memory from which on the kernel would rather end that one."""


def told(what: str, folder: Path) -> list[str]:
    """Return the code, the message and the hint of how a model process ended in a group that is short of memory."""
    if memory_killer.kills() is None:
        pytest.skip("this kernel does not count what it ends for want of memory")
    with short_of_memory(SMALL) as apart:
        found: list[str] = json.loads(
            python(apart, TELLING.format(what=what), str(MODULES), str(folder)).stdout
        )
    return found


def test_a_model_too_large_for_the_machine_is_to_blame(tmp_path: Path) -> None:
    """It would fail here each time, so it counts; and a higher limit is not what is advised."""
    code, message, hint = told(DEVOURS, tmp_path)
    assert code == "memory"
    assert message.startswith("The model process was killed while it was loaded: it took 0.")
    assert message.endswith(" of the 0.375 GiB of memory that there are.")
    assert hint == endings.SHORT_OF_MEMORY


def test_a_model_beside_others_that_take_all_memory_is_not(tmp_path: Path) -> None:
    """The kernel ends it before the programs that took the memory; that says nothing about the model."""
    code, message, hint = told(BESIDE_OTHERS, tmp_path)
    assert code == endings.LOST
    assert message.startswith(
        "The model process was killed while it was evaluated: the machine ran out of memory, of which it held 0.0"
    )
    assert hint == endings.SHORT_OF_MEMORY


def test_half_of_all_memory_is_too_much() -> None:
    """There would be no room for a second one like it."""
    assert Victim(GIB, 2 * GIB).to_blame
    assert not Victim(GIB - 1, 2 * GIB).to_blame


def test_memory_is_what_the_groups_leave() -> None:
    """It is never more than the machine has."""
    assert 0 < memory_killer.memory_bytes() <= psutil.virtual_memory().total
