"""Triton Inference Server: the version policy of the model's ``config.pbtxt``, and loading the model again.

A server that polls its repository reads the file by itself; one whose models are controlled explicitly is told to load
the model through its HTTP interface, and asked whether the version is ready.
"""

import time
from urllib.parse import quote

from engine.repository.targets import prototext
from engine.repository.targets.config_file import ConfigFile
from engine.repository.targets.http import Server
from engine.repository.targets.prototext import Edit
from engine.repository.targets.target import News, TargetError
from storage.target_settings import TargetSettings, Triton
from storage.workspace import Workspace


class Target:
    """One dealing with one model of a server."""

    def __init__(self, workspace: Workspace, settings: TargetSettings) -> None:
        if not isinstance(settings, Triton):
            raise TypeError(type(settings).__name__)
        self._settings = settings
        self._file = ConfigFile.of(workspace, settings.config)
        self._before: str | None = None
        self._written = ""

    def check(self, news: News) -> None:
        """Raise a `TargetError` where the file is none of this model, or cannot be replaced."""
        content = self._file.parse(self._file.read())
        names = [scalar.meant for scalar in content.scalars("name")]
        if names and names[-1] != self._name(news):
            raise TargetError(f"{self._file.shown} is of the model {names[-1][:80]}, not {self._name(news)}")
        self._file.check_writable()

    def tell(self, news: News) -> str:
        """Write the version into the policy; where the server can be told, load the model and wait for the version."""
        if news.version is None:
            raise TargetError(f"{self._file.shown} cannot say that nothing is deployed")
        self._before = self._file.read()
        self._write(news.version)
        if not self._settings.url:
            return "written; no url to ask"
        self._load(news, wait=True)
        return "loaded and ready"

    def take_back(self, news: News) -> None:
        """Write back what the file said, and have the server load that."""
        if self._before is None:
            return
        if self._file.read() == self._written:
            self._file.write(self._before)
        elif news.version is not None:
            self._write(news.version)
        if self._settings.url:
            self._load(news, wait=self._lists(news.version))

    def _lists(self, version: int | None) -> bool:
        """Whether the file asks for this very version; before a first promotion its policy may be another."""
        content = self._file.parse(self._file.read())
        listed = [
            number.meant
            for policy in content.messages("version_policy")
            for specific in policy.messages("specific")
            for number in specific.scalars("versions")
        ]
        return str(version) in listed

    def _name(self, news: News) -> str:
        return self._settings.served_as or news.model

    def _write(self, version: int) -> None:
        text = self._file.read()
        changed = prototext.apply(text, _edits(text, self._file.parse(text), version))
        self._file.parse(changed)
        if changed != text:
            self._file.write(changed)
        self._written = changed

    def _load(self, news: News, *, wait: bool) -> None:
        server = Server(self._settings.url, time.monotonic() + self._settings.timeout_s)
        name = quote(self._name(news), safe="")
        answer = server.ask("POST", f"/v2/repository/models/{name}/load", {})
        if answer.status != 200:
            raise TargetError(
                f"{self._settings.url} does not load {self._name(news)}: {answer.said} ({answer.status})"
            )
        while wait:
            answer = server.ask("GET", f"/v2/models/{name}/versions/{news.version}/ready")
            if answer.status == 200:
                return
            if not server.pause():
                raise TargetError(
                    f"{self._settings.url} is not ready with version {news.version} after {self._settings.timeout_s:g} s "
                    f"({answer.said}, {answer.status})"
                )


def _edits(text: str, content: prototext.Message, version: int) -> list[Edit]:
    """Return the edits that leave one version in the model's policy."""
    policies = content.messages("version_policy")
    if not policies:
        written = f"version_policy: {{ specific {{ versions: [ {version} ] }} }}"
        return [prototext.insert(text, content, written)]
    specific = policies[0].messages("specific")
    if specific:
        return prototext.set_numbers(text, specific[0], "versions", [version])
    # Only one policy may be chosen: another one gives way.
    return [Edit(policies[0].inside, policies[0].close, f" specific {{ versions: [ {version} ] }} ")]
