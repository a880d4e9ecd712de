"""Bringing a version into MLflow's registry: a run that holds its files and figures, and the registered version of it.

Everything goes through the server's REST interface, the files too, so that it does not matter where the server keeps them;
one that leaves that to its clients is told so. What the files say is `engine.repository.targets.mlflow_model`'s.
"""

import re
import time
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from engine.repository.targets import mlflow_model
from engine.repository.targets.http import Answer, Server
from engine.repository.targets.target import TargetError
from storage.records import Version

API: Final = "/api/2.0/mlflow"

ARTEFACTS: Final = "/api/2.0/mlflow-artifacts/artifacts"
"""Where a server takes the files of its clients."""

PROXIED: Final = "mlflow-artifacts"
"""What places are called that a server keeps for its clients, which is its usual way."""

EXPERIMENT: Final = "modeltender"
"""Where the runs are found that hold what was brought in."""

FOLDER: Final = "model"
"""Of a run, the folder that holds the model."""

SHA256_TAG: Final = "modeltender.sha256"

EXISTS: Final = "RESOURCE_ALREADY_EXISTS"
MISSING: Final = "RESOURCE_DOES_NOT_EXIST"

NAME = re.compile(r"[\w\-./ ]{1,250}")
"""What MLflow takes as the name of a figure, on every system."""


class Experiment(msgspec.Struct):
    """An experiment, of which only the key is wanted."""

    experiment_id: str


class Found(msgspec.Struct):
    """The answer to a question for an experiment."""

    experiment: Experiment


class Info(msgspec.Struct):
    """A run: its key, and where its files belong."""

    run_id: str
    artifact_uri: str


class Run(msgspec.Struct):
    """What a server says of a run that matters here."""

    info: Info


class Begun(msgspec.Struct):
    """The answer to the wish for a run."""

    run: Run


class Registered(msgspec.Struct):
    """A version as the registry numbers it."""

    version: str


class Created(msgspec.Struct):
    """The answer to the wish for a version."""

    model_version: Registered


class Refused(msgspec.Struct):
    """The answer to what is not done."""

    error_code: str = ""


class Copy(NamedTuple):
    """A version and the files that it is."""

    version: Version
    folder: Path
    files: tuple[str, ...]
    """Paths below the folder, the artefact first."""


def register(server: Server, name: str, copy: Copy) -> str:
    """Bring a version into the registry under a registered model's name; return the number that it has there.

    Raises:
        TargetError: the server refuses, cannot be reached, or keeps no files for its clients.
    """
    made = server.ask("POST", f"{API}/registered-models/create", {"name": name})
    if code(made) != EXISTS:
        sound(server, made)
    info = _run(server, f"{name} from {copy.version.model} {copy.version.number}")
    place = urlsplit(info.artifact_uri)
    if place.scheme != PROXIED or place.netloc:
        raise TargetError(
            f"{server.url} leaves it to its clients to write to {info.artifact_uri}; start it with --serve-artifacts"
        )
    _upload(server, f"{place.path.strip('/')}/{FOLDER}", copy)
    _log(server, info.run_id, copy.version)
    created: Created = _told(
        server,
        "model-versions/create",
        {
            "name": name,
            "source": f"{info.artifact_uri.rstrip('/')}/{FOLDER}",
            "run_id": info.run_id,
            "tags": _tags(copy.version),
        },
        Created,
    )
    return created.model_version.version


def _run(server: Server, name: str) -> Info:
    experiment: Experiment
    found = server.ask("GET", f"{API}/experiments/get-by-name?experiment_name={EXPERIMENT}")
    if code(found) == MISSING:
        experiment = _told(server, "experiments/create", {"name": EXPERIMENT}, Experiment)
    else:
        experiment = read(server, found, Found).experiment
    wanted = {"experiment_id": experiment.experiment_id, "run_name": name, "start_time": _now_ms()}
    begun: Begun = _told(server, "runs/create", wanted, Begun)
    return begun.run.info


def _upload(server: Server, place: str, copy: Copy) -> None:
    """Send the files, and the description last: a folder that has none is no model yet."""
    described = mlflow_model.described(copy.version, copy.files, now=time.time())
    for file, where in zip(copy.files, described.places, strict=True):
        with (copy.folder / file).open("rb") as stream:
            sound(server, server.put(f"{ARTEFACTS}/{quote(f'{place}/{where}')}", stream))
    for where in sorted(described.texts, key=lambda name: name == mlflow_model.DESCRIPTION):
        content = described.texts[where].encode()
        sound(server, server.put(f"{ARTEFACTS}/{quote(f'{place}/{where}')}", content))


def _log(server: Server, run_id: str, version: Version) -> None:
    """Put the figures of the latest evaluation into the run, and end it."""
    evaluation = version.evaluation
    if evaluation is not None:
        metrics = [
            {"key": metric.name, "value": metric.value, "timestamp": int(evaluation.at * 1000), "step": 0}
            for metric in evaluation.metrics
            if isfinite(metric.value) and NAME.fullmatch(metric.name)
        ]
        _told(server, "runs/log-batch", {"run_id": run_id, "metrics": metrics}, dict)
    _told(server, "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": _now_ms()}, dict)


def _tags(version: Version) -> list[dict[str, str]]:
    tags = {
        SHA256_TAG: version.sha256 or "",
        "modeltender.model": version.model,
        "modeltender.version": str(version.number),
    }
    return [{"key": key, "value": value} for key, value in tags.items()]


def _now_ms() -> int:
    return int(time.time() * 1000)


def code(answer: Answer) -> str:
    """Return the word with which a server refuses, or nothing."""
    refused = answer.decoded(Refused) if answer.status >= 400 else None
    return "" if refused is None else str(refused.error_code)


def _told(server: Server, what: str, body: dict[str, Any], kind: Any) -> Any:
    return read(server, server.ask("POST", f"{API}/{what}", body), kind)


def sound(server: Server, answer: Answer) -> None:
    """Raise a `TargetError` where a server refuses."""
    if answer.status != 200:
        raise TargetError(f"{server.url} refuses: {answer.said} ({answer.status})")


def read(server: Server, answer: Answer, kind: Any) -> Any:
    """Return a server's answer as a typed value; raise a `TargetError` where it is none."""
    sound(server, answer)
    found = answer.decoded(kind)
    if found is None:
        raise TargetError(f"{server.url} gives an answer that MLflow does not give: {answer.said}")
    return found
