"""The command ``metrics``: the present figures as Prometheus and what else speaks OpenMetrics read them."""

import click
import msgspec

from storage import exposition, openmetrics, snapshot
from storage.exposition import Exposition
from storage.openmetrics import Look
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, engine_pid
from tui.commands.options import standard_options
from tui.commands.output import show_document
from tui.commands.reading import to_look


class SampleDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One value."""

    labels: dict[str, str]
    value: float


class FamilyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """All values of one meaning; ``metrics --json`` is a list of these."""

    name: str
    type: str
    unit: str
    help: str
    samples: tuple[SampleDocument, ...]


@click.command(epilog="Example: modeltender metrics | grep model_metric")
@standard_options
def metrics(*, workspace: Workspace, as_json: bool) -> int:
    """Print the current figures as OpenMetrics text.

    For Prometheus and compatible tools. If [metrics] in modeltender.toml names a file, the engine keeps the same text
    there. Unknown figures are left out.
    """
    with to_look(workspace) as reader:
        look = Look(snapshot.read(reader), running=engine_pid(workspace) is not None)
    if as_json:
        show_document([_document(family, samples) for family, samples in openmetrics.collected(look)])
    else:
        click.echo(Exposition().text(look).decode(), nl=False)
    return ExitCode.DONE


def _document(family: openmetrics.Family, samples: list[openmetrics.Sample]) -> FamilyDocument:
    return FamilyDocument(
        name=family.full_name,
        type=exposition.KIND,
        unit=family.unit,
        help=family.help,
        samples=tuple(SampleDocument(labels=dict(sample.labels), value=sample.value) for sample in samples),
    )
