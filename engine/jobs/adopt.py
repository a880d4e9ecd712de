"""Bring in what another server's folders hold, one version after another, in the order of their numbers there.

Owns the way of each version up to the inbox, from where it goes the way of every other one. It must not change or move
anything of the source, and nothing is deployed by it.
"""

import shutil
import time
from pathlib import Path
from typing import Final

import msgspec

from engine import imports
from engine.imports.found import FoundModel, FoundVersion, shown
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.delivering import hand_in
from engine.jobs.exporting import EXAMINE_S, Artefact
from engine.processes.endings import LOST, ModelProcessError
from engine.processes.examiner_process import Suspect
from engine.repository.integrity import ChangedError, digest
from engine.repository.scanner import read_item
from storage.errors import WorkspaceError
from storage.imported import Adopted, AdoptedModel, AdoptedVersion, Imported
from storage.records import Job
from storage.tables import events, inbox, models
from storage.tables import imports as import_table
from storage.vocabulary import Fate, JobState, Status
from storage.workspace import valid_model_name

ARRIVAL_S: Final = 120.0
"""How long a version that was handed in may take to become one: the inbox examines and copies it in seconds."""

POLL_S: Final = 0.05

TURNED_DOWN: Final = frozenset({Status.UNSUPPORTED, Status.QUARANTINED, Status.FAILED, Status.READY})
"""What an arrival is that became no version of its own: ready is one whose content a version has already."""

TAKEN: Final = ".modeltender-taken"
"""What our own copy in the inbox is called from the moment that it is not needed any more; the repository passes over it."""


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Bring in every version that is new; what cannot come in is told with its reason."""
    source = Path(job.parameters.source)
    found = _called(imports.read(source), job.parameters.name)
    total = sum(len(model.versions) for model in found)
    done, adopted = 0, []
    for model in found:
        versions = []
        for version in model.versions:
            if report.cancelled():
                return Outcome(state=JobState.CANCELLED, code=JobState.CANCELLED, error="Cancelled.")
            report.progress(done, total, f"{model.name}, version {version.number} there")
            versions.append(_Adoption(context, job, report, model, version).outcome())
            done += 1
        adopted.append(
            AdoptedModel(
                model=model.name,
                kind=model.kind,
                path=model.place,
                declared=model.declared,
                versions=tuple(versions),
                reason=_nothing(model),
            )
        )
    report.progress(total, total)
    answer = Adopted(source=shown(source), dry_run=job.parameters.dry_run, models=tuple(adopted))
    return Outcome(message=_in_words(answer), result=msgspec.json.encode(answer).decode())


def _called(found: tuple[FoundModel, ...], name: str) -> tuple[FoundModel, ...]:
    """Return the models under the names that they get here."""
    if not name:
        return found
    if len(found) > 1:
        listed = ", ".join(model.name for model in found[:3])
        raise WorkspaceError(
            f"{len(found)} models cannot all be called {name}: {listed}{' ...' if len(found) > 3 else ''}.",
            "Leave out --as, or name the folder of one model.",
            code="bad-name",
        )
    return (found[0]._replace(name=name),)


def _nothing(model: FoundModel) -> str:
    """Return why nothing of a model can come in, or nothing."""
    if model.problem or valid_model_name(model.name):
        return model.problem or ("" if model.versions else "it has no numbered versions")
    return "a model's name has letters, digits, '.', '_' and '-' here; say another one with --as"


class _Adoption:
    """One version of the source on its way."""

    def __init__(
        self, context: Context, job: Job, report: Report, model: FoundModel, version: FoundVersion
    ) -> None:
        self._context = context
        self._job = job
        self._report = report
        self._model = model
        self._version = version

    def outcome(self) -> AdoptedVersion:
        """Bring the version in where it is new, and return what became of it."""
        problem = _nothing(self._model) or self._version.problem
        artefact = problem or self._looked()
        if isinstance(artefact, str):
            return self._told(Fate.LEFT_OUT, reason=artefact)
        known = self._known(artefact)
        if known is not None:
            return self._told(Fate.KNOWN, artefact, version=known)
        if self._job.parameters.dry_run:
            return self._told(Fate.NEW, artefact)
        return self._bring(artefact)

    def _looked(self) -> Artefact | str:
        """Return what the version holds, or why it cannot come in."""
        try:
            return self._examined()
        except ModelProcessError as error:
            if error.code == LOST:
                # The whole import is done again, and takes up what it has brought in already.
                raise
            return f"it cannot be examined: {error.message.rstrip('.')}"
        except ChangedError:
            return "it changed while it was read; import again when it is finished"
        except OSError as error:
            return f"it cannot be read ({error.strerror or error})"

    def _examined(self) -> Artefact | str:
        folder = self._version.folder
        everything = read_item(folder.parent, folder.name)
        at = folder if self._version.artefact else folder.parent
        item = read_item(folder, self._version.artefact) if self._version.artefact else everything
        if everything.problem or item.problem:
            return f"it {everything.problem or item.problem}"
        known = frozenset(item.files if item.is_folder else everything.files)
        process = self._context.hosts.open_examiner([at])
        try:
            (found,) = process.examine([Suspect(at, item, known)], deadline_s=EXAMINE_S)
        finally:
            process.close()
        if found.format is None:
            return f"{found.reason}; it was not copied" if found.refused else found.reason
        root, files = found.beside(at / item.name if item.is_folder else at)
        return Artefact(root.parent, root.name, root, files, found.format, digest(root, files))

    def _bring(self, artefact: Artefact) -> AdoptedVersion:
        inbox = self._context.workspace.train / self._model.name
        name = hand_in(
            inbox,
            artefact,
            (f"{self._model.kind}-{self._version.number}", ""),
            called=f"{self._model.name}, version {self._version.number} there,",
            record=lambda: self._record(artefact),
        )
        number, reason = self._await(name, artefact)
        if number is None:
            return self._told(Fate.LEFT_OUT, artefact, reason=f"train/{self._model.name}/{name} {reason}")
        _take_away(inbox, name)
        with self._context.writer.transaction() as connection:
            words = f"version {number} was {self._origin(artefact).words}"
            events.add(
                connection,
                "imported",
                words,
                at=self._context.now(),
                model=self._model.name,
                version=number,
            )
        return self._told(Fate.IMPORTED, artefact, version=number)

    def _await(self, name: str, artefact: Artefact) -> tuple[int | None, str]:
        """Return the version that what was handed in became, or why it is none."""
        deadline = time.monotonic() + ARRIVAL_S
        while time.monotonic() < deadline and not self._report.cancelled():
            number = self._known(artefact)
            if number is not None:
                return number, ""
            with self._context.writer.transaction() as connection:
                arrivals = inbox.read(connection, self._model.name)
            for arrival in arrivals:
                if arrival.name == name and arrival.status in TURNED_DOWN:
                    return None, f"{arrival.status.fate}: {arrival.reason}"
            time.sleep(POLL_S)
        return None, "is not a version yet; see: modeltender events"

    def _known(self, artefact: Artefact) -> int | None:
        with self._context.writer.transaction() as connection:
            model = models.model_id(connection, self._model.name)
            if model is None:
                return None
            return models.version_with_sha256(connection, model, artefact.content.sha256)

    def _record(self, artefact: Artefact) -> None:
        with self._context.writer.transaction() as connection:
            model = models.ensure(connection, self._model.name, now=self._context.now())
            import_table.add(connection, model, self._origin(artefact))

    def _origin(self, artefact: Artefact) -> Imported:
        return Imported(
            model=self._model.name,
            sha256=artefact.content.sha256,
            kind=self._model.kind,
            path=shown(self._version.folder),
            number=self._version.number,
            served=self._version.served,
            labels=self._version.labels,
            at=self._context.now(),
            requested_by=self._job.requested_by,
        )

    def _told(
        self, fate: Fate, artefact: Artefact | None = None, *, version: int | None = None, reason: str = ""
    ) -> AdoptedVersion:
        return AdoptedVersion(
            number=self._version.number,
            path=shown(self._version.folder),
            served=self._version.served,
            labels=self._version.labels,
            fate=fate,
            version=version,
            format=artefact.format if artefact else None,
            bytes=artefact.content.bytes if artefact else 0,
            sha256=artefact.content.sha256 if artefact else "",
            reason=reason,
        )


def _take_away(inbox: Path, name: str) -> None:
    """Remove our own copy from the inbox, which the version has its own copy of; in one step, so that no half is seen."""
    taken = inbox / TAKEN
    shutil.rmtree(taken, ignore_errors=True)
    try:
        (inbox / name).rename(taken)
    except OSError:
        # Somebody was quicker, or the folder is not ours to write any more; a copy that stays is a file more, and known.
        return
    shutil.rmtree(taken, ignore_errors=True)


def _in_words(answer: Adopted) -> str:
    counts = {
        fate: sum(version.fate is fate for model in answer.models for version in model.versions)
        for fate in Fate
    }
    told = ", ".join(f"{count} {fate}" for fate, count in counts.items() if count)
    return f"{answer.source}: {told or 'no versions'}"
