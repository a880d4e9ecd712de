"""MLflow's model registry: the alias that follows what is deployed, through the server's REST interface.

Which of the registry's versions is meant: the one whose tag ``modeltender.sha256`` is the content of what is deployed;
where none has it, the one with the same number, unless its tag says that it holds something else. Where settings say
so, what none has the tag of is brought in instead (`engine.repository.targets.mlflow_registering`).
"""

import time
from collections.abc import Iterator
from urllib.parse import urlencode

import msgspec

from engine.repository.integrity import ChangedError, WriteError
from engine.repository.objects import Objects
from engine.repository.targets.http import Server
from engine.repository.targets.mlflow_model import LAYOUTS
from engine.repository.targets.mlflow_registering import (
    API,
    MISSING,
    SHA256_TAG,
    Copy,
    code,
    read,
    register,
    sound,
)
from engine.repository.targets.target import News, TargetError
from storage.database import Reader
from storage.errors import DatabaseError
from storage.records import Version
from storage.tables import models
from storage.target_settings import MLflow, TargetSettings
from storage.text import clean
from storage.workspace import Workspace

PAGE, PAGES = 200, 50
"""Ten thousand versions are looked through; whoever has more gives the newest the tag, and those come first."""

ABSENT = frozenset({MISSING, "INVALID_PARAMETER_VALUE"})
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
        """Raise a `TargetError` where the name cannot be searched for, or MLflow could not load what would be brought in."""
        if "'" in self._settings.registered_model:
            raise TargetError(
                f"the registered model {self._settings.registered_model!r} has a quote in its name"
            )
        version = _recorded(news) if self._settings.register else None
        if version is not None and version.format is not None and version.format not in LAYOUTS:
            raise TargetError(
                f"MLflow loads no {version.format} models; leave register out, and give the alias a version by its tag"
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
        sound(server, server.ask("DELETE", f"{API}/registered-models/alias", self._named()))
        if self._alias(server) is not None:
            raise TargetError(f"{self._settings.url} still has the alias {self._settings.alias}")

    def _named(self) -> dict[str, str]:
        return {"name": self._settings.registered_model, "alias": self._settings.alias}

    def _put(self, server: Server, version: str) -> None:
        body = self._named() | {"version": version}
        sound(server, server.ask("POST", f"{API}/registered-models/alias", body))
        found = self._alias(server)
        if found != version:
            raise TargetError(
                f"{self._settings.url} has {self._settings.alias} on {found or 'nothing'} after it was set to version {version}"
            )

    def _alias(self, server: Server) -> str | None:
        """Return the version that the alias is on, or ``None``."""
        answer = server.ask("GET", f"{API}/registered-models/alias?{urlencode(self._named())}")
        if answer.status in {400, 404} and code(answer) in ABSENT:
            return None
        found: One = read(server, answer, One)
        return found.model_version.version

    def _meant(self, server: Server, news: News) -> str:
        """Return the registry's number of what is deployed; what is not there is brought in, where settings say so."""
        if news.version is None:
            raise TargetError("an alias cannot stand on nothing")
        same = None
        for found in self._versions(server):
            if news.sha256 and found.sha256 == news.sha256:
                return found.version
            if found.version == str(news.version):
                same = found
        if self._settings.register:
            return self._register(server, news)
        if same is not None and not same.sha256:
            return same.version
        other = "" if same is None else f", and its version {same.version} holds something else"
        raise TargetError(
            f"{self._settings.url} has no version of {self._settings.registered_model} for version {news.version}{other}; "
            f"give the right one the tag {SHA256_TAG}={news.sha256}, or set register = true"
        )

    def _versions(self, server: Server) -> Iterator[RegistryVersion]:
        """Yield the registry's versions of the model, the newest first."""
        token = ""
        for _ in range(PAGES):
            query = {"filter": f"name='{self._settings.registered_model}'", "max_results": str(PAGE)}
            query |= {"page_token": token} if token else {}
            answer = server.ask("GET", f"{API}/model-versions/search?{urlencode(query)}")
            page: Found = read(server, answer, Found)
            yield from page.model_versions
            token = page.next_page_token
            if not token:
                return

    def _register(self, server: Server, news: News) -> str:
        version = _recorded(news)
        if version is None or version.format is None:
            raise TargetError(f"nothing is on record of version {news.version}")
        folder = news.workspace.version_folder(version.model, version.number)
        try:
            kept = Objects(news.workspace.objects).keep(
                folder / (version.artefact or ""), version.companions, version.sha256 or ""
            )
        except (ChangedError, WriteError, OSError) as error:
            raise TargetError(
                f"version {version.number} cannot be read as it was evaluated: {error}"
            ) from None
        with kept:
            copy = Copy(version, kept.folder, kept.files)
            return register(server, self._settings.registered_model, copy)


def _recorded(news: News) -> Version | None:
    """Return what is deployed as it is on record."""
    try:
        reader = Reader(news.workspace.database)
        try:
            with reader.transaction() as connection:
                return models.numbered(connection, news.model, news.version)
        finally:
            reader.close()
    except DatabaseError as error:
        raise TargetError(f"what is on record cannot be read: {clean(str(error))}") from None
