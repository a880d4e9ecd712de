"""What is read of all models at once is what each table says of each of them, whatever was written in between."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from storage import jobs, salvaging
from storage.database import Reader, Writer
from storage.promotion_records import GateReport
from storage.records import (
    Evaluation,
    EvaluationFailure,
    Glance,
    LatencyReport,
    Line,
    Loading,
    Model,
    Refusal,
    TensorSpec,
    Version,
)
from storage.statements.history import TOLD
from storage.tables import evaluations, faults, models, overviews, probations, quarantine
from storage.tables.overviews import Overviews
from storage.vocabulary import Custody, Format, JobKind, ProbationState, Severity, Status, Task, Verdict
from storage.workspace import Workspace
from tests.one_by_one import one_by_one
from tests.unit.storage.test_snapshot import LATENCY, evaluation

NOT_TOLD = {
    "versions": {"id", "stamp", "failures", "retry_at", "data_stamp"},
    "faults": {"id", "code", "version", "message", "repair", "first_at", "last_at", "count"}
    | {"acknowledged_by", "tried", "tried_at", "remedies"},
    "quarantine": {"id", "name", "sha256", "format", "bytes", "reason", "evidence", "liftable", "found_at"}
    | {"requested_by", "at", "why"},
}
"""Columns that an overview says nothing of."""


LOADING = Loading(
    runtime="keras",
    runtime_version="3",
    device="cpu",
    inputs=(TensorSpec("x", (None, 28, 28), "float32"),),
    outputs=(),
    load_s=0.25,
    peak_rss_bytes=None,
)


class Author:
    """Writes at random what an engine writes about models, by the same functions."""

    def __init__(self, connection: sqlite3.Connection, seed: int) -> None:
        self._connection = connection
        self._chance = random.Random(seed)
        self._now = 1000.0
        self.acts: list[Callable[[], object]] = [
            *(self._arrive, self._arrive, self._evaluate, self._evaluate, self._evaluate, self._deploy),
            *(self._fail, self._judge, self._load, self._trouble, self._calm, self._quarantine),
            *(self._watch, self._vanish, self._settings, self._forget, self._time),
        ]

    def write(self) -> None:
        """Do something."""
        self._now += 1.0
        self._chance.choice(self.acts)()

    def _name(self) -> str:
        return f"model-{self._chance.randrange(6)}"

    def _model_id(self) -> int:
        return models.ensure(self._connection, self._name(), now=self._now)

    def _version_id(self) -> int:
        rows = self._connection.execute("SELECT id FROM versions").fetchall()
        return int(self._chance.choice(rows)["id"]) if rows else self._arrive()

    def _arrive(self) -> int:
        model = self._model_id()
        number = self._connection.execute(
            "SELECT coalesce(max(number), 0) + 1 FROM versions WHERE model_id = ?", (model,)
        ).fetchone()[0]
        status = self._chance.choice([Status.READY, Status.READY, Status.FAILED, Status.CHECKING])
        return models.add_version(self._connection, model, number, status=status, found_at=self._now)

    def _evaluate(self) -> None:
        job = jobs.add(self._connection, JobKind.EVALUATE, "m", None, requested_by="test", now=self._now)
        evaluations.add(
            self._connection,
            self._version_id(),
            evaluation(self._chance.random()),
            job_id=job.id,
            at=self._now,
            requested_by="test",
        )

    def _time(self) -> None:
        row = self._connection.execute("SELECT max(id) FROM evaluations").fetchone()
        if row[0] is not None:
            report: LatencyReport = msgspec.structs.replace(LATENCY, p50_ms=self._chance.random())
            evaluations.add_latency(self._connection, row[0], report)

    def _deploy(self) -> None:
        version = self._connection.execute(
            "SELECT model_id, id FROM versions WHERE id = ?", (self._version_id(),)
        ).fetchone()
        before = self._connection.execute(
            "SELECT current_id FROM models WHERE id = ?", (version["model_id"],)
        ).fetchone()[0]
        models.set_current(
            self._connection, version["model_id"], current_id=version["id"], previous_id=before
        )

    def _fail(self) -> None:
        refusal = Refusal(at=self._now, evidence=("os.system",), liftable=True)
        models.set_version(
            self._connection,
            self._version_id(),
            status=self._chance.choice(list(Status)),
            reason="cut short",
            refusal=self._chance.choice([None, refusal]),
        )

    def _judge(self) -> None:
        report = GateReport(against=1, verdict=Verdict.SUPERIOR, checks=())
        models.set_gate(self._connection, self._version_id(), self._chance.choice([None, report]))

    def _load(self) -> None:
        models.set_loading(self._connection, self._version_id(), LOADING, parameters=12)
        failure = EvaluationFailure(at=self._now, message="no", hint="yes")
        models.set_failure(self._connection, self._version_id(), self._chance.choice([None, failure]))
        models.set_artefact(
            self._connection,
            self._version_id(),
            artefact="model.onnx",
            kind=Format.ONNX,
            sha256=str(self._chance.random()),
            size=7,
            companions=("model.onnx.data",),
        )

    def _trouble(self) -> None:
        faults.open_fault(
            self._connection,
            self._chance.choice(["a", "b"]),
            "broken",
            at=self._now,
            model=self._name(),
            severity=self._chance.choice(list(Severity)),
        )

    def _calm(self) -> None:
        faults.close_fault(self._connection, "a", at=self._now, model=self._name())
        row = self._connection.execute("SELECT max(id) FROM faults").fetchone()
        faults.acknowledge(self._connection, row[0] or 0, by="somebody")

    def _quarantine(self) -> None:
        entry = quarantine.intend(
            self._connection,
            model=self._name(),
            name="bad.keras",
            sha256="s",
            kind=None,
            size=1,
            reason="bad",
            evidence=(),
            liftable=False,
            at=self._now,
        )
        quarantine.set_state(self._connection, entry, self._chance.choice([Custody.KEPT, Custody.DELETED]))

    def _watch(self) -> None:
        model = self._model_id()
        known = probations.open_one(self._connection, model)
        if known is None:
            probations.begin(
                self._connection, model, number=1, sha256="s", now=self._now, length_s=60, every_s=1
            )
        elif self._chance.random() < 0.5:
            probations.looked(self._connection, known.model, known.number)
        else:
            probations.end(self._connection, known.id, ProbationState.PASSED)

    def _vanish(self) -> None:
        models.set_present(
            self._connection, {f"model-{number}" for number in self._chance.sample(range(6), 5)}
        )

    def _settings(self) -> None:
        models.set_settings(
            self._connection,
            self._model_id(),
            task=self._chance.choice([None, Task.CLASSIFICATION]),
            problem=self._chance.choice(["", "no"]),
        )

    def _forget(self) -> None:
        jobs.prune(self._connection, keep=3)
        self._connection.execute("DELETE FROM jobs WHERE id % 3 = 0")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_written_is_what_is_read(workspace: Workspace, writer: Writer, seed: int) -> None:
    """Models that were packed, that were not and that were read before are each what their rows say."""
    reader = Reader(workspace.database)
    chance, seen = random.Random(seed), Overviews()
    for _ in range(60):
        with writer.transaction() as connection:
            author = Author(connection, chance.randrange(1_000_000))
            for _ in range(chance.randrange(1, 6)):
                author.write()
            if chance.random() < 0.5:
                overviews.pack(connection, most=chance.randrange(1, 8))
        with reader.transaction() as connection:
            expected = one_by_one(connection)
            assert list(seen.read(connection)) == expected
            assert models.read(connection) == expected
            assert [models.read_one(connection, model.name) for model in expected] == expected
    reader.close()


def _packed(writer: Writer) -> list[bool]:
    with writer.transaction() as connection:
        return [
            row[0] for row in connection.execute("SELECT packed IS NOT NULL FROM overviews ORDER BY model_id")
        ]


def test_only_what_changed_is_read_again(writer: Writer) -> None:
    """An unchanged database costs one look; a changed model is a new record, the others are the very same ones."""
    seen = Overviews()
    with writer.transaction() as connection:
        for name in ("a", "b", "c"):
            models.ensure(connection, name, now=1.0)
        before = seen.read(connection)
        assert seen.read(connection) is before
        models.set_settings(connection, models.ensure(connection, "b", now=2.0), task=None, problem="new")
        after = seen.read(connection)
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert after[1].problem == "new"


def test_what_is_packed_is_dropped_by_what_is_written(writer: Writer) -> None:
    """A write about one model leaves the others packed, and what an overview says nothing of drops nothing."""
    with writer.transaction() as connection:
        ids = [models.ensure(connection, name, now=1.0) for name in ("a", "b")]
        version = models.add_version(connection, ids[0], 1, status=Status.READY, found_at=1.0)
        assert not overviews.pack(connection, most=10)
    assert _packed(writer) == [True, True]
    with writer.transaction() as connection:
        models.set_stamp(connection, version, "other")
        models.ensure(connection, "a", now=2.0)
        models.set_settings(connection, ids[1], task=None, problem="")
    assert _packed(writer) == [True, True]
    with writer.transaction() as connection:
        models.set_version(connection, version, status=Status.FAILED)
    assert _packed(writer) == [False, True]


def test_every_column_is_told_or_known_not_to_be(writer: Writer) -> None:
    """A column that is added to a table makes somebody decide whether overviews tell of it."""
    with writer.transaction() as connection:
        for told in TOLD:
            columns = {row["name"] for row in connection.execute(f"PRAGMA table_info({told.table})")}
            if told.columns:
                assert columns == set(told.columns) | NOT_TOLD[told.table], told.table


def test_what_another_version_packed_is_put_together_anew(writer: Writer) -> None:
    """Packed in another form it is neither read nor kept."""
    with writer.transaction() as connection:
        models.ensure(connection, "a", now=1.0)
        overviews.pack(connection, most=10)
        connection.execute("UPDATE overviews SET layout = 'other', packed = x'00'")
        assert [model.name for model in models.read(connection)] == ["a"]
        overviews.drop_foreign(connection)
    assert _packed(writer) == [False]


@pytest.mark.parametrize(
    "kind", [Model, Glance, Line, Version, Evaluation, LatencyReport, Loading, GateReport]
)
def test_the_layout_is_made_of_every_packed_record(kind: type[msgspec.Struct]) -> None:
    """A field that is added to a version makes another layout, though a model holds its versions as bytes."""
    [_], parts = msgspec.json.schema_components([overviews.PACKED])
    assert len(parts[kind.__name__].get("prefixItems", parts[kind.__name__].get("properties", ()))) == len(
        kind.__struct_fields__
    )


def test_a_copy_of_earlier_in_its_place_is_read_whole(writer: Writer, tmp_path: Path) -> None:
    """Who looks on while the database is replaced by an older copy sees what that one holds."""
    older = Writer(tmp_path / "older.db")
    seen = Overviews()
    with writer.transaction() as connection, older.transaction() as other:
        for name in ("a", "b"):
            models.ensure(connection, name, now=1.0)
        models.ensure(other, "c", now=1.0)
        assert [model.name for model in seen.read(connection)] == ["a", "b"]
        assert [model.name for model in seen.read(other)] == ["c"]
    older.close()


def test_a_salvaged_database_tells_nothing_that_was_packed(workspace: Workspace) -> None:
    """What was packed in the damaged one may be of models that lost something; it is made again."""
    writer = Writer(workspace.database)
    with writer.transaction() as connection:
        model = models.ensure(connection, "a", now=1.0)
        version = models.add_version(connection, model, 1, status=Status.READY, found_at=1.0)
        evaluations.add(connection, version, evaluation(0.9), job_id=None, at=1.0, requested_by="test")
        overviews.pack(connection, most=10)
        connection.execute("DELETE FROM metric_names")
    writer.close()
    salvaging.salvage(workspace.database)
    writer = Writer(workspace.database)
    with writer.transaction() as connection:
        assert models.read(connection) == one_by_one(connection)
        assert evaluations.metric_names(connection, "a") == ["accuracy", "log_loss"]
    assert _packed(writer) == [False]
    writer.close()
