"""What is kept of the text between two times it is told changes nothing that is told."""

import pytest

from storage import exposition, snapshot
from storage.database import Reader, Writer
from storage.exposition import Exposition
from storage.openmetrics import FAMILIES, UP, Look, Sample, collected
from storage.snapshot import Seen
from storage.tables import models
from tests.openmetrics import parse
from tests.unit.tui.commands.rows import fill


def seen(reader: Reader, before: Seen | None = None) -> Look:
    """Return what is on record."""
    return Look(snapshot.read(reader, seen=before), running=True)


def test_what_is_kept_says_what_would_be_told_anew(writer: Writer, reader: Reader) -> None:
    """Through changes of a model, new ones and ones that are gone, with and without what was seen before."""
    fill(writer)
    kept, before = Exposition(), Seen()
    for change in ("nothing", "a model", "a new one", "its going"):
        with writer.transaction() as connection:
            if change == "a model":
                connection.execute("UPDATE versions SET status = 'failed' WHERE status = 'ready'")
            elif change == "a new one":
                models.ensure(connection, "aaa", now=0.0)
            elif change == "its going":
                connection.execute("UPDATE models SET present = 0 WHERE name = 'mnist'")
        anew = Exposition().text(seen(reader))
        assert kept.text(seen(reader, before)) == anew
        assert kept.text(seen(reader)) == anew
    assert b'model_versions{model="mnist"}' not in anew
    assert b'model_versions{model="aaa"}' in anew


def test_of_a_model_that_is_as_it_was_nothing_is_made_again(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the model that something was written about is asked for its figures."""
    fill(writer)
    kept, before = Exposition(), Seen()
    kept.text(seen(reader, before))
    asked = []

    def noting(look: Look, model: object) -> Look:
        asked.append(model)
        return original(look, model)  # type: ignore[arg-type]

    original = Look.at
    monkeypatch.setattr(Look, "at", noting)
    kept.text(seen(reader, before))
    assert asked == []
    with writer.transaction() as connection:
        connection.execute("UPDATE models SET problem = 'x' WHERE name = 'mnist'")
    kept.text(seen(reader, before))
    assert [getattr(model, "name", "") for model in asked] == ["mnist"]


def test_a_family_of_models_tells_of_each_alone(writer: Writer, reader: Reader) -> None:
    """What such a family tells of all models is what it tells of one after another: what keeping them apart stands on."""
    fill(writer)
    look = seen(reader)
    assert {family.name for family in exposition.OF_MODELS} == {
        family.name for family in (UP, *FAMILIES) if family.name.startswith("model_")
    }
    for family in exposition.OF_MODELS:
        alone = [sample for model in look.models for sample in family.collect(look.at(model))]
        assert alone == [*family.collect(look)]


def test_the_text_says_what_the_document_says(writer: Writer, reader: Reader) -> None:
    """The same families in the same order, with the same samples, as `metrics --json` has."""
    fill(writer)
    look = seen(reader)
    told = parse(Exposition().text(look).decode())
    assert [
        (name, [Sample(labels, value) for labels, value in family.samples.items()])
        for name, family in told.items()
    ] == [(family.full_name, samples) for family, samples in collected(look)]
