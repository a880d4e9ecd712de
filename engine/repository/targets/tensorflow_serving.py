"""TensorFlow Serving: the model's entry in the server's configuration file, which the server reads again by itself.

The entry gets the version that is deployed and the one before it, and the label that follows what is deployed. The
server refuses a label on a version that it does not serve yet: where it can be asked, the version is written first, and
the label once the version is there.
"""

import time
from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from engine.repository.targets import prototext
from engine.repository.targets.config_file import ConfigFile
from engine.repository.targets.http import Answer, Server
from engine.repository.targets.prototext import Edit, Message, Scalar
from engine.repository.targets.target import News, TargetError
from storage.target_settings import TargetSettings, TensorFlowServing
from storage.text import clean
from storage.workspace import Workspace

POLLED = "--model_config_file_poll_wait_seconds"
"""Without this flag the server reads its file once, when it starts."""

AVAILABLE = "AVAILABLE"


class VersionState(msgspec.Struct):
    """How far the server is with one version."""

    version: str
    state: str
    status: dict[str, str] = {}


class ModelState(msgspec.Struct):
    """The server's answer about a model."""

    model_version_status: tuple[VersionState, ...] = ()


class Target:
    """One dealing with one entry of one file."""

    def __init__(self, workspace: Workspace, settings: TargetSettings) -> None:
        if not isinstance(settings, TensorFlowServing):
            raise TypeError(type(settings).__name__)
        self._settings = settings
        self._file = ConfigFile.of(workspace, settings.config)
        self._before: str | None = None
        self._written = ""

    def check(self, news: News) -> None:
        """Raise a `TargetError` where the file has no entry for the model, or cannot be replaced."""
        self._entry(self._file.read(), self._name(news))
        self._file.check_writable()

    def tell(self, news: News) -> str:
        """Write the entry; where the server can be asked, wait for the version, then for the label."""
        if news.version is None:
            raise TargetError(f"{self._file.shown} cannot say that nothing is deployed")
        self._before = self._file.read()
        asked, label = bool(self._settings.url), self._settings.label
        deadline = time.monotonic() + self._settings.timeout_s
        if not asked:
            self._write(news, label=label)
            return "written; no url to ask"
        self._write(news, label="")
        self._await(f"/versions/{news.version}", news, deadline)
        if label:
            self._write(news, label=label)
            self._await(f"/labels/{label}", news, deadline)
            return f"served, also as {label}"
        return "served"

    def take_back(self, news: News) -> None:
        """Write back what the file said; where somebody else wrote it since, change only the entry."""
        if self._before is None:
            return
        if self._file.read() == self._written:
            self._file.write(self._before)
        elif news.version is not None:
            self._write(news, label=self._settings.label)
        if self._settings.url and news.version is not None and self._serves(news):
            self._await(f"/versions/{news.version}", news, time.monotonic() + self._settings.timeout_s)

    def _serves(self, news: News) -> bool:
        """Whether the file asks the server for this very version; before a first promotion it need not."""
        text = self._file.read()
        return str(news.version) in {
            number.meant for number in _specific(self._entry(text, self._name(news))) or ()
        }

    def _name(self, news: News) -> str:
        return self._settings.served_as or news.model

    def _entry(self, text: str, name: str) -> Message:
        """Return the one entry of a model."""
        found = [
            entry
            for listed in self._file.parse(text).messages("model_config_list")
            for entry in listed.messages("config")
            if any(scalar.meant == name for scalar in entry.scalars("name"))
        ]
        if len(found) != 1:
            count = f"{len(found)} entries" if found else "no entry"
            raise TargetError(
                f"{self._file.shown} has {count} with the name {clean(name)} in its model_config_list"
            )
        return found[0]

    def _write(self, news: News, *, label: str) -> None:
        text = self._file.read()
        entry = self._entry(text, self._name(news))
        edits = _version_edits(text, entry, news, kept=_labelled(entry, but=label))
        if label:
            edits.append(_label_edit(text, entry, label, news.version or 0))
        changed = prototext.apply(text, edits)
        self._entry(changed, self._name(news))
        if changed != text:
            self._file.write(changed)
        self._written = changed

    def _await(self, path: str, news: News, deadline: float) -> None:
        """Ask until the server says that it serves the version."""
        server, said = Server(self._settings.url, deadline), "nothing"
        while True:
            answer = server.ask("GET", f"/v1/models/{quote(self._name(news), safe='')}{path}")
            state = _state(answer, news.version)
            if state is not None and state.state == AVAILABLE:
                return
            said = answer.said if state is None else state.state
            trouble = "" if state is None else state.status.get("error_message", "")
            if trouble:
                raise TargetError(
                    f"{self._settings.url} could not load version {news.version}: {clean(trouble, 160)}"
                )
            if not server.pause():
                raise TargetError(
                    f"{self._settings.url} does not serve version {news.version}{_as(path)} after "
                    f"{self._settings.timeout_s:g} s ({said}); does it run with {POLLED}?"
                )


def _as(path: str) -> str:
    return f" as {path.removeprefix('/labels/')}" if path.startswith("/labels/") else ""


def _state(answer: Answer, version: int | None) -> VersionState | None:
    """Return what the server says of a version, or ``None`` where it says nothing of it."""
    found = answer.decoded(ModelState) if answer.status == 200 else None
    if found is None:
        return None
    return next((state for state in found.model_version_status if state.version == str(version)), None)


def _specific(entry: Message) -> list[Scalar] | None:
    """Return the versions that an entry asks for by number, or ``None`` where its policy is another."""
    for policy in entry.messages("model_version_policy"):
        for specific in policy.messages("specific"):
            return specific.scalars("versions")
    return None


def _labels(entry: Message) -> list[tuple[str, Scalar | None, Message]]:
    """Return the labels of an entry: each with the number that it stands on, and where that is written."""
    found = []
    for label in entry.messages("version_labels"):
        keys, values = label.scalars("key"), label.scalars("value")
        found.append((keys[-1].meant if keys else "", values[-1] if values else None, label))
    return found


def _labelled(entry: Message, *, but: str) -> list[int]:
    """Return the versions that labels stand on: the server refuses a file with a label on a version that it lacks."""
    numbers = [value.meant for key, value, _ in _labels(entry) if value is not None and key != but]
    return [int(number) for number in numbers if number.isdigit()]


def _version_edits(text: str, entry: Message, news: News, *, kept: Sequence[int]) -> list[Edit]:
    """Return the edits that make an entry ask for the version, the one before it, and those that labels need."""
    wanted = [number for number in (news.version, news.previous, *kept) if number is not None]
    numbers = list(dict.fromkeys(wanted))
    listed = ", ".join(map(str, numbers))
    policies = entry.messages("model_version_policy")
    if not policies:
        return [
            prototext.insert(text, entry, f"model_version_policy {{ specific {{ versions: [ {listed} ] }} }}")
        ]
    [policy, *_] = policies
    specific = policy.messages("specific")
    if specific:
        return prototext.set_numbers(text, specific[0], "versions", numbers)
    # Only one policy may be chosen: another one gives way.
    return [Edit(policy.inside, policy.close, f" specific {{ versions: [ {listed} ] }} ")]


def _label_edit(text: str, entry: Message, label: str, version: int) -> Edit:
    for key, value, message in _labels(entry):
        if key == label:
            if value is None:
                return prototext.insert(text, message, f"value: {version}")
            return Edit(value.start, value.end, str(version))
    return prototext.insert(
        text, entry, f"version_labels {{ key: {prototext.quoted(label)} value: {version} }}"
    )
