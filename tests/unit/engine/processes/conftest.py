"""Confinement is proven in a process that no framework has worked in, as a host is."""

import subprocess
import sys

import pytest

FRAMEWORKS = frozenset({"tensorflow", "torch", "onnxruntime"})


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test of confinement in a clean interpreter where this one has worked with a framework.

    A framework that has run starts threads anew in every fork, and a process with threads cannot wall itself in.
    """
    if pyfuncitem.path.name != "test_lockdown.py" or not FRAMEWORKS & set(sys.modules):
        return None
    command = [
        sys.executable,
        "-P",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
        pyfuncitem.nodeid,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=pyfuncitem.config.rootpath
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return True
