"""The frameworks: which are installed, and whether they can be imported, proven by processes that import them."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from engine.devices import files, support
from engine.doctor import requirements
from engine.doctor.report import Check, fine, problem, warning
from engine.processes import environment
from engine.protocols import LOADER, RuntimeSpec
from storage.records import Device
from storage.text import clean

DEADLINE_S = 60.0
"""For all frameworks together: ten times what the slowest takes on two busy cores."""

IMPORT = """
import importlib, pathlib, sys
done = pathlib.Path(sys.argv[1])
for loader in sys.argv[2:]:
    try:
        importlib.import_module(loader)
    except Exception as error:
        words = " ".join(f"{type(error).__name__}: {error}".split())
    else:
        words = ""
    with done.open("a", errors="backslashreplace") as file:
        print(loader, words, sep="\\t", file=file)
"""
"""As a framework host does it: by our own code, which sees to it that a framework reports nothing to its makers.

The loaders of one framework are tried in one process, and what became of each is written down before the next."""

NONE_WORKS = problem(
    "frameworks",
    "none works here that runs models as they come",
    f"pip install '{requirements.MODELTENDER}[all]'",
)

OUR_OWN = frozenset({"numpy"})
"""What modeltender itself requires: it runs weights through a loader of one's own, and no model by itself."""

FLOOR = re.compile(r"([\w.-]+)>=([\d.]+)")
"""A requirement with its lowest version, as packages write it into their metadata."""


class Imports:
    """Processes that each import one framework, side by side; whatever is left of them ends with the context."""

    def __init__(self, specs: Iterable[RuntimeSpec]) -> None:
        self._loaders: dict[str, list[str]] = {}
        for spec in specs:
            if support.complete(spec):
                self._loaders.setdefault(spec.framework, []).append(_module(spec))
        self._running: dict[str, tuple[subprocess.Popen[bytes], IO[bytes]]] = {}
        self._refused: dict[str, str] = {}
        self._deadline = 0.0
        self.working: list[str] = []
        """The runtimes whose framework was imported."""

    def __enter__(self) -> Self:
        self._home = tempfile.TemporaryDirectory(prefix="modeltender-doctor-")
        self._deadline = time.monotonic() + DEADLINE_S
        for framework, loaders in self._loaders.items():
            errors = tempfile.TemporaryFile()
            try:
                words = [str(self._done(framework)), *loaders]
                self._running[framework] = _start(words, errors, self._home.name), errors
            except OSError as error:  # no memory or no process left: this framework's checks say so
                self._refused[framework] = f"no process can be started ({error.strerror})"
                errors.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, errors in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            errors.close()
        self._home.cleanup()

    def check(self, spec: RuntimeSpec, devices: Sequence[Device]) -> Check:
        """Return whether a runtime's framework is there and can be imported; waits for it."""
        versions = installed_versions(spec)
        missing = [name for name in spec.distributions if name not in versions]
        if missing:
            words = f"{' and '.join(missing)} not installed, so no {_formats(spec)} models"
            return warning(spec.name, words, _install(spec))
        shown = ", ".join(f"{name} {version}" for name, version in versions.items())
        words = self._failure(spec)
        if words:
            return problem(
                spec.name,
                f"{shown}, but not to be imported: {words}",
                _anew(spec, "--force-reinstall"),
            )
        self.working.append(spec.name)
        old = outdated(versions, requirements.own())
        if old:
            return warning(spec.name, f"{shown}: {old}", _anew(spec, "--upgrade"))
        where = ", ".join(device.id for device in devices if spec.name in device.usable_by)
        how = " with a loader of your own" if LOADER in spec.options else ""
        return fine(spec.name, f"{shown}; runs {_formats(spec)} models{how} on {where or 'no device'}")

    def _failure(self, spec: RuntimeSpec) -> str:
        if spec.framework in self._refused:
            return self._refused[spec.framework]
        process, errors = self._running[spec.framework]
        try:
            status = process.wait(max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            status = None
        if (became := _became(self._done(spec.framework), spec)) is not None:
            return became
        if status is None:
            return f"not done within {DEADLINE_S:.0f} s"
        errors.seek(0)
        return failure(status, errors.read().decode(errors="replace")) or "it ended before it was imported"

    def _done(self, framework: str) -> Path:
        return Path(self._home.name, f"{framework}.done")


def _became(done: Path, spec: RuntimeSpec) -> str | None:
    """Return why a runtime's loader was not imported, nothing where it was, ``None`` where it was not come to."""
    for line in (files.text(done) or "").splitlines():
        loader, _, words = line.partition("\t")
        if loader == _module(spec):
            return clean(words, 160)
    return None


def _module(spec: RuntimeSpec) -> str:
    return spec.loader.partition(":")[0]


def any_works(specs: Iterable[RuntimeSpec], working: Collection[str]) -> bool:
    """Return whether a framework works that runs models as they come."""
    return any(spec.name in working and spec.framework not in OUR_OWN for spec in specs)


def installed_versions(spec: RuntimeSpec) -> dict[str, str]:
    """Return the versions of those distributions of a runtime that are installed."""
    return {name: found.version for name, found in support.installed(spec).items()}


def versions(specs: Iterable[RuntimeSpec]) -> dict[str, str]:
    """Return the versions of everything that is installed of the runtimes."""
    return {name: version for spec in specs for name, version in installed_versions(spec).items()}


def failure(status: int, errors: str) -> str:
    """Return in words how an import failed, or an empty string where it did not."""
    if status < 0:
        return f"the import ended by {signal.Signals(-status).name}; its build may not fit this processor"
    lines = [line for line in errors.splitlines() if line.strip()]
    return (clean(lines[-1], 160) if lines else f"status {status}") if status else ""


def outdated(found: Mapping[str, str], required: Iterable[str]) -> str:
    """Return which of the found versions are older than modeltender itself asks for, and what that means."""
    floors = {match[1]: match[2] for line in required if (match := FLOOR.match(line))}
    old = [
        f"{name} below {floors[name]}"
        for name, version in found.items()
        if name in floors and _numbers(version) < _numbers(floors[name])
    ]
    return f"{', '.join(old)} has known holes" if old else ""


def _start(words: Sequence[str], errors: IO[bytes], home: str) -> subprocess.Popen[bytes]:
    # As a framework host is started: no current folder on the path, and no variables but those that it gets.
    return subprocess.Popen(
        [sys.executable, "-P", "-c", IMPORT, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=environment.for_host(os.environ, home),
        cwd="/",
        start_new_session=True,
    )


def _formats(spec: RuntimeSpec) -> str:
    return " and ".join(spec.formats)


def _install(spec: RuntimeSpec) -> str:
    return f"pip install '{requirements.MODELTENDER}[{spec.extra}]'"


def _anew(spec: RuntimeSpec, option: str) -> str:
    """Return the command that installs a framework again, by its own name: pip would look for ours in an index, too."""
    wanted = requirements.of_extra(spec.extra, requirements.own()) or spec.distributions
    return " ".join(["pip install", option, *(f"'{one}'" for one in wanted)])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in re.findall(r"\d+", version.partition("+")[0])[:3])
