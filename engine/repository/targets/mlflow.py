"""MLflow's model registry: the alias that follows what is deployed, through the server's REST interface.

Which of the registry's versions is meant: the one whose tag ``modeltender.sha256`` is the content of what is deployed;
where none has it, the one with the same number, unless its tag says that it holds something else.
"""

import time
from typing import Any
from urllib.parse import urlencode

import msgspec

from engine.repository.targets.http import Answer, Server
from engine.repository.targets.target import News, TargetError
from storage.target_settings import MLflow, TargetSettings
from storage.workspace import Workspace

API = "/api/2.0/mlflow"
SHA256_TAG = "modeltender.sha256"
PAGE, PAGES = 200, 50
"""Ten thousand versions are looked through; whoever has more gives the newest the tag, and those come first."""

ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
"""How servers answer a question for an alias that nobody has set."""


class Tag(msgspec.Struct):
    """One tag of a version."""

    key: str
    value: str = ""


class RegistryVersion(msgspec.Struct):
    """One version in the registry."""

    version: str
    tags: tuple[Tag, ...] = ()

    @property
    def sha256(self) -> str:
        """The content that its tag says, or nothing."""
        return next((tag.value for tag in self.tags if tag.key == SHA256_TAG), "")


class Found(msgspec.Struct):
    """A page of the registry's versions."""

    model_versions: tuple[RegistryVersion, ...] = ()
    next_page_token: str = ""


class One(msgspec.Struct):
    """The registry's answer about one version."""

    model_version: RegistryVersion


class Refusal(msgspec.Struct):
    """The registry's answer to what it does not do."""

    error_code: str = ""


class Target:
    """One dealing with one alias."""

    def __init__(self, workspace: Workspace, settings: TargetSettings) -> None:
        del workspace
        if not isinstance(settings, MLflow):
            raise TypeError(type(settings).__name__)
        self._settings = settings
        self._set = False
        self._before: str | None = None

    def check(self, news: News) -> None:
        """Raise a `TargetError` where the registered model's name cannot be searched for."""
        del news
        if "'" in self._settings.registered_model:
            raise TargetError(
                f"the registered model {self._settings.registered_model!r} has a quote in its name"
            )

    def tell(self, news: News) -> str:
        """Set the alias, and read it back."""
        server = Server(self._settings.url, time.monotonic() + self._settings.timeout_s)
        version = self._meant(server, news)
        self._before = self._alias(server)
        self._set = True
        self._put(server, version)
        return f"{self._settings.alias} is version {version} of {self._settings.registered_model}"

    def take_back(self, news: News) -> None:
        """Put the alias where it was, or take it away where there was none."""
        del news
        if not self._set:
            return
        server = Server(self._settings.url, time.monotonic() + self._settings.timeout_s)
        if self._before is not None:
            self._put(server, self._before)
            return
        self._sound(server.ask("DELETE", f"{API}/registered-models/alias", self._named()))
        if self._alias(server) is not None:
            raise TargetError(f"{self._settings.url} still has the alias {self._settings.alias}")

    def _named(self) -> dict[str, str]:
        return {"name": self._settings.registered_model, "alias": self._settings.alias}

    def _put(self, server: Server, version: str) -> None:
        body = self._named() | {"version": version}
        self._sound(server.ask("POST", f"{API}/registered-models/alias", body))
        found = self._alias(server)
        if found != version:
            raise TargetError(
                f"{self._settings.url} has {self._settings.alias} on {found or 'nothing'} after it was set to version {version}"
            )

    def _alias(self, server: Server) -> str | None:
        """Return the version that the alias is on, or ``None``."""
        answer = server.ask("GET", f"{API}/registered-models/alias?{urlencode(self._named())}")
        refusal = answer.decoded(Refusal)
        if answer.status in {400, 404} and refusal is not None and refusal.error_code in ABSENT:
            return None
        found: One = self._read(answer, One)
        return found.model_version.version

    def _meant(self, server: Server, news: News) -> str:
        """Return the registry's number of what is deployed."""
        if news.version is None:
            raise TargetError("an alias cannot stand on nothing")
        name, token, same = self._settings.registered_model, "", None
        for _ in range(PAGES):
            query = {"filter": f"name='{name}'", "max_results": str(PAGE)}
            query |= {"page_token": token} if token else {}
            page: Found = self._read(
                server.ask("GET", f"{API}/model-versions/search?{urlencode(query)}"), Found
            )
            for found in page.model_versions:
                if news.sha256 and found.sha256 == news.sha256:
                    return found.version
                if found.version == str(news.version):
                    same = found
            token = page.next_page_token
            if not token:
                break
        if same is not None and not same.sha256:
            return same.version
        other = "" if same is None else f", and its version {same.version} holds something else"
        raise TargetError(
            f"{self._settings.url} has no version of {name} for version {news.version}{other}; "
            f"give the right one the tag {SHA256_TAG}={news.sha256}"
        )

    def _sound(self, answer: Answer) -> None:
        if answer.status != 200:
            raise TargetError(f"{self._settings.url} refuses: {answer.said} ({answer.status})")

    def _read(self, answer: Answer, kind: Any) -> Any:
        self._sound(answer)
        found = answer.decoded(kind)
        if found is None:
            raise TargetError(
                f"{self._settings.url} gives an answer that MLflow does not give: {answer.said}"
            )
        return found
