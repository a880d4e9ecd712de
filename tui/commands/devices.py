"""``modeltender devices``: what hardware there is, how busy it is, and what can run on it."""

import time

import click

from storage.database import Reader
from storage.records import Device
from storage.tables import devices as device_table
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tui.commands.device_document import device_document
from tui.commands.device_text import devices_text
from tui.commands.options import standard_options
from tui.commands.output import HOME_AND_CLEAR, columns, is_redrawable, remark, show_document, show_text
from tui.commands.reading import engine_state, staleness, to_look

WATCH_S = 1.0
"""The engine reads devices once a second."""


@click.command(epilog="Example: modeltender devices --watch")
@click.option("--watch", is_flag=True, help="Repeat every second until Ctrl-C.")
@standard_options
def devices(*, workspace: Workspace, as_json: bool, watch: bool) -> int:
    """List the devices and how busy they are.

    With --watch and --json, prints one document per line.
    """
    with to_look(workspace) as reader:
        _show(_read(reader), as_json=as_json)
        while watch:
            time.sleep(WATCH_S)
            if is_redrawable() and not as_json:
                click.echo(HOME_AND_CLEAR, nl=False)
            _show(_read(reader), as_json=as_json)
        if not as_json:
            remark(staleness(workspace, engine_state(reader)))
    return ExitCode.DONE


def _read(reader: Reader) -> list[Device]:
    with reader.transaction() as connection:
        return device_table.read(connection)


def _show(found: list[Device], *, as_json: bool) -> None:
    if as_json:
        show_document([device_document(device) for device in found])
    else:
        show_text(devices_text(found, columns()))
