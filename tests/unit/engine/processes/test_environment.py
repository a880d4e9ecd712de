"""Which environment variables reach a host and a model process."""

import os
import subprocess
import sys

from engine.processes import environment

INHERITED = {
    "PATH": "/bin",
    "LANG": "C.UTF-8",
    "AWS_SECRET_ACCESS_KEY": "x",
    "HOME": "/home/a",
    "TMPDIR": "/tmp",
    "PYTHONPATH": "/plug-ins",
    "PYTHONSTARTUP": "/evil.py",
    "LD_PRELOAD": "/evil.so",
    "CUDA_VISIBLE_DEVICES": "1",
    "CUDA_DEVICE_ORDER": "FASTEST_FIRST",
}


def test_host_gets_what_it_needs_and_no_more() -> None:
    """A host inherits the ways to programs and devices; secrets and what changes Python stay behind."""
    found = environment.for_host(INHERITED, "/scratch/h")
    assert found["PYTHONPATH"] == "/plug-ins"
    assert found["HOME"] == found["TMPDIR"] == "/scratch/h"
    assert found.keys() & {"AWS_SECRET_ACCESS_KEY", "PYTHONSTARTUP", "LD_PRELOAD"} == set()


def test_model_on_the_cpu_sees_no_accelerator() -> None:
    """A model process on the CPU has every accelerator hidden, and only its scratch folder as a home."""
    found = environment.for_model(INHERITED, "/scratch/p", accelerated=False)
    assert found["CUDA_VISIBLE_DEVICES"] == "-1"
    assert found["HOME"] == found["TMPDIR"] == found["TORCHINDUCTOR_CACHE_DIR"] == "/scratch/p"
    assert "PYTHONPATH" not in found


def test_model_on_an_accelerator_keeps_the_choice_of_devices() -> None:
    """A model process on an accelerator sees the devices that the engine was given."""
    assert environment.for_model(INHERITED, "/s", accelerated=True)["CUDA_VISIBLE_DEVICES"] == "1"
    assert "CUDA_VISIBLE_DEVICES" not in environment.for_model({}, "/s", accelerated=True)


def test_devices_are_counted_as_the_driver_counts_them() -> None:
    """The same number means the same card to each framework and to the monitoring."""
    host = environment.for_host(INHERITED, "/scratch/h")
    model = environment.for_model(host, "/scratch/p", accelerated=True)
    assert host["CUDA_DEVICE_ORDER"] == model["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_threads_that_wait_do_not_hold_a_core_that_others_want() -> None:
    """The library of torch's threads is told to sleep early, in the process that loads it: the host, not its children."""
    answer = subprocess.run(
        [sys.executable, "-P", "-c", "import torch"],
        env=environment.for_host(os.environ | {"GOMP_SPINCOUNT": "99"}, "/scratch/h")
        | {"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{environment.YIELDING['GOMP_SPINCOUNT']}'" in answer.stderr
