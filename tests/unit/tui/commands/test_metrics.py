"""``modeltender metrics`` prints what Prometheus reads, and the same as a document."""

from storage.vocabulary import ExitCode
from tests.openmetrics import parse
from tests.unit.tui.commands.conftest import Run


def test_the_text_is_openmetrics(ask: Run) -> None:
    """Standard output holds the exposition and nothing else."""
    said = ask("metrics")
    assert (said.status, said.err) == (ExitCode.DONE, "")
    found = parse(said.out)
    assert found["modeltender_engine_up"].samples == {(): 1.0}
    assert any(dict(labels)["model"] == "mnist" for labels in found["modeltender_model_metric"].samples)


def test_json_holds_the_same(ask: Run) -> None:
    """Each family with its unit, its help and its samples."""
    families = {family["name"]: family for family in ask("metrics", "--json").json}
    text = parse(ask("metrics").out)
    assert list(families) == list(text)
    one = families["modeltender_model_versions"]
    assert list(one) == ["name", "type", "unit", "help", "samples"]
    assert {"labels": {"model": "mnist"}, "value": 3.0} in one["samples"]
