"""Whoever opens a model without precaution: a plain process, a plain loader, no walls.

``python -m tests.hostile.victim FRAMEWORK...`` imports the frameworks once and forks for each file that it is asked to
open, so that an attack which works hurts a child only. Owns the loaders as people write them. It reads one request a
line, and answers with how the child ended and what it printed.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

MEMORY = 3 * 1024**3
"""Addresses of a child: an attack on memory must not reach the machine that runs the tests."""

VALUES = 4


class Ended(NamedTuple):
    """How opening a file ended."""

    status: int | None
    """Exit status, or minus the signal; ``None`` where it was stopped at its deadline."""
    said: str


class Victim:
    """The process, asked from a test."""

    def __init__(self, *frameworks: str) -> None:
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.victim", *frameworks],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=root,
            env=os.environ | {"PYTHONPATH": root, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
            text=True,
        )

    def open(self, loader: str, file: Path, *, deadline_s: float = 30) -> Ended:
        """Open a file, and return how that ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"loader": loader, "file": os.fsdecode(file), "deadline_s": deadline_s}
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        return Ended(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def _pickle(file: Path) -> Any:
    import pickle

    return pickle.loads(file.read_bytes())


def _torch_load(file: Path) -> Any:
    import torch

    return torch.load(file, weights_only=False)


def _torch_jit(file: Path) -> Any:
    import torch

    return float(torch.jit.load(file)(torch.zeros(1, VALUES)).max())


def _torch_export(file: Path) -> Any:
    import torch

    return torch.export.load(file).module()


def _keras(file: Path) -> Any:
    import keras

    return keras.models.load_model(file, compile=False).count_params()


def _keras_trusting(file: Path) -> Any:
    import keras

    return keras.models.load_model(file, compile=False, safe_mode=False).count_params()


def _saved_model(file: Path) -> Any:
    import tensorflow as tf

    # One of the victim's own functions has the number that the attacker's graph names, one of the first of a process.
    canary = file.parent.parent / "canary"

    def call(value: Any) -> Any:
        canary.touch()
        return value

    for _ in range(20):
        own = tf.function(lambda x: tf.py_function(call, [x], tf.float32), autograph=False)
        own.get_concrete_function(tf.TensorSpec([1]))
    answers = tf.saved_model.load(file).signatures["serving_default"](x=tf.zeros([1]))
    return float(answers["output_0"][0])


def _onnxruntime(file: Path) -> Any:
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(file)
    name = session.get_inputs()[0].name
    answer = session.run(None, {name: np.zeros((1, VALUES), np.float32)})[0]
    return name, float(answer.max())


def _litert(file: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(file))
    interpreter.allocate_tensors()
    interpreter.invoke()


def _unzip(file: Path) -> Any:
    import zipfile

    with zipfile.ZipFile(file) as archive:
        archive.extractall(file.parent)
        return sum(entry.file_size for entry in archive.infolist())


def _untar(file: Path) -> Any:
    import tarfile

    with tarfile.open(file) as archive:
        archive.extractall(file.parent, filter="fully_trusted")


LOADERS: dict[str, Callable[[Path], Any]] = {
    "pickle": _pickle,
    "torch.load": _torch_load,
    "torch.jit": _torch_jit,
    "torch.export": _torch_export,
    "keras": _keras,
    "keras trusting": _keras_trusting,
    "saved_model": _saved_model,
    "onnxruntime": _onnxruntime,
    "litert": _litert,
    "unzip": _unzip,
    "untar": _untar,
}


def _open(loader: str, file: Path, printed: int) -> None:
    """Open a file in this fork, and end it."""
    import resource

    os.setsid()
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.chdir(file.parent)
    status = 1
    try:
        print(LOADERS[loader](file), flush=True)
        status = 0
    except BaseException:  # noqa: BLE001 - the end of this process; the answer is what it printed
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _ended(pid: int, deadline_s: float) -> int | None:
    """Wait for a fork; end it, and all that it started, at its deadline."""
    deadline = time.monotonic() + deadline_s
    status: int | None = None
    while time.monotonic() < deadline:
        found, code = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(code)
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return status


def main() -> None:
    """Answer one request after another."""
    for framework in sys.argv[1:]:
        import_module(framework)
    for line in sys.stdin:
        request = json.loads(line)
        with tempfile.TemporaryFile() as printed:
            pid = os.fork()
            if not pid:
                _open(request["loader"], Path(request["file"]), printed.fileno())
            status = _ended(pid, request["deadline_s"])
            printed.seek(0)
            said = printed.read().decode(errors="replace")
        print(json.dumps((status, said)), flush=True)


if __name__ == "__main__":
    main()
