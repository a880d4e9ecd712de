"""Servers on loopback that answer as TensorFlow Serving, Triton and MLflow document it, or misbehave on purpose."""

import json
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.serving_definitions import model_server_config, triton_config

DRIP_S = 0.05
"""Between two bytes of a slow answer: each comes long before any socket's time-out."""


class Behaviour(StrEnum):
    """How a server treats those who ask."""

    HONEST = "honest"
    SLOW = "slow"
    HUGE = "huge"
    REFUSING = "refusing"
    WRONG = "wrong"
    CLOSING = "closing"


UNASKED = {1, 4}
"""What a server serves where no version is asked for by its number."""

Answer = tuple[int, Any]


class Server:
    """A server with a thread for every request; `asked` keeps what it was asked."""

    def __init__(self) -> None:
        self.behaviour = Behaviour.HONEST
        self.asked: list[str] = []
        self._ended = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Return the status and the document of an honest answer."""
        raise NotImplementedError

    def misbehave(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer as the behaviour says."""
        if self.behaviour is Behaviour.CLOSING:
            handler.close_connection = True
            return
        if self.behaviour is Behaviour.REFUSING:
            _send(handler, 503, {"error": "not today\x1b[31m", "message": "not today\x1b[31m"})
            return
        body = {"huge": b" " * (3 << 20), "wrong": b"<html>It works!</html>"}.get(self.behaviour.value, b"{}")
        handler.send_response(200)
        if self.behaviour is not Behaviour.SLOW:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            if self.behaviour is not Behaviour.SLOW:
                handler.wfile.write(body)
            while self.behaviour is Behaviour.SLOW and not self._ended.wait(DRIP_S):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            # Who asked has lost patience.
            handler.close_connection = True


class TensorFlowServing(Server):
    """Reads its file whenever it is asked, as a server that polls does between two questions."""

    def __init__(self, config: Path) -> None:
        super().__init__()
        self.config = config
        self.loaded: set[int] = set()
        self.labels: dict[str, int] = {}
        self.broken: set[int] = set()

    def poll(self) -> None:
        """Read the file; a label on a version that is not served yet has the whole of it refused, but at the start."""
        [model] = [
            one
            for one in model_server_config(self.config.read_text()).model_config_list.config
            if one.name == "mnist"
        ]
        policy, labels = model.model_version_policy, dict(model.version_labels)
        wanted = set(policy.specific.versions) if policy.HasField("specific") else UNASKED
        if not self.loaded or set(labels.values()) <= self.loaded:
            self.labels, self.loaded = labels, wanted - self.broken

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Answer about a version or a label."""
        self.poll()
        *_, kind, name = path.split("/")
        number = self.labels.get(name, 0) if kind == "labels" else int(name)
        if number in self.broken:
            status = {"error_code": "NOT_FOUND", "error_message": "no such file"}
            return 200, {"model_version_status": [{"version": str(number), "state": "END", "status": status}]}
        if method != "GET" or not path.startswith("/v1/models/mnist/") or number not in self.loaded:
            return 404, {"error": f"Could not find version {name} of model mnist"}
        status = {"error_code": "OK", "error_message": ""}
        return 200, {
            "model_version_status": [{"version": str(number), "state": "AVAILABLE", "status": status}]
        }


class Triton(Server):
    """Loads what its file says when it is told to."""

    def __init__(self, config: Path) -> None:
        super().__init__()
        self.config = config
        self.ready: set[int] = set()

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Load the model, or say whether a version is ready."""
        if (method, path) == ("POST", "/v2/repository/models/mnist/load"):
            self.ready = set(triton_config(self.config.read_text()).version_policy.specific.versions)
            return 200, None
        number = int(path.removeprefix("/v2/models/mnist/versions/").removesuffix("/ready"))
        return (200, None) if number in self.ready else (400, {"error": "Request for unknown model"})


class MLflow(Server):
    """A registry with versions of one model."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: list[dict[str, Any]] = []
        self.aliases: dict[str, str] = {}
        self.place = "mlflow-artifacts:/1/r1/artifacts"
        """Where a run's files belong."""
        self.files: dict[str, bytes] = {}
        """What the server keeps for its clients."""
        self.made: dict[str, Any] = {}
        """What was made, or said last of it, by the words that it was asked with."""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Search for versions; set, read and delete aliases; take a version in."""
        if method == "PUT":
            self.files[path.removeprefix("/api/2.0/mlflow-artifacts/artifacts/")] = body
            return 200, {}
        where = path.removeprefix("/api/2.0/mlflow/")
        if (taken := self._take_in(where, body)) is not None:
            return taken
        if (method, where) == ("GET", "model-versions/search"):
            assert query["filter"] == "name='digits'"
            at = int(query.get("page_token", "0"))
            page = {"model_versions": self.versions[at : at + 2]}
            return 200, page | ({"next_page_token": str(at + 2)} if at + 2 < len(self.versions) else {})
        assert where == "registered-models/alias"
        named = query if method == "GET" else body
        assert named["name"] == "digits"
        if method == "POST":
            self.aliases[named["alias"]] = named["version"]
        elif method == "DELETE":
            self.aliases.pop(named["alias"], None)
        elif named["alias"] in self.aliases:
            return 200, {"model_version": {"version": self.aliases[named["alias"]], "name": "digits"}}
        else:
            return 400, {
                "error_code": "INVALID_PARAMETER_VALUE",
                "message": "Registered model alias not found.",
            }
        return 200, {}

    def _take_in(self, where: str, body: Any) -> Answer | None:
        """Make what a version needs, as far as this is about that."""
        known = where in self.made
        if where == "experiments/get-by-name":
            if "experiments/create" not in self.made:
                return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment"}
            return 200, {"experiment": {"experiment_id": "1", "name": "modeltender"}}
        if where == "registered-models/create" and known:
            return 400, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "exists already"}
        number = str(max((int(version["version"]) for version in self.versions), default=0) + 1)
        answers: dict[str, Any] = {
            "registered-models/create": {"registered_model": {"name": "digits"}},
            "experiments/create": {"experiment_id": "1"},
            "runs/create": {"run": {"info": {"run_id": "r1", "artifact_uri": self.place}, "data": {}}},
            "runs/log-batch": {},
            "runs/update": {"run_info": {}},
            "model-versions/create": {"model_version": {"name": "digits", "version": number}},
        }
        if where not in answers:
            return None
        self.made[where] = body
        if where == "model-versions/create":
            self.versions.insert(0, {"version": number, "tags": body["tags"]})
        return 200, answers[where]


def _handler(server: Server) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            parts = urlsplit(self.path)
            server.asked.append(f"{self.command} {self.path}")
            length = int(self.headers.get("Content-Length", "0"))
            content = self.rfile.read(length)
            body = content if self.command == "PUT" else json.loads(content) if content else None
            if server.behaviour is not Behaviour.HONEST:
                server.misbehave(self)
                return
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            _send(self, *server.answer(self.command, parts.path, query, body))

        do_GET = do_POST = do_PUT = do_DELETE = do  # noqa: N815 - the names are the base class's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the same
            """Write nothing."""

    return Handler


def _send(handler: BaseHTTPRequestHandler, status: int, document: Any) -> None:
    content = b"" if document is None else json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until something is true; return whether it came to that."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
