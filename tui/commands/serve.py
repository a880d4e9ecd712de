"""The command ``serve``: the console in a browser, for those who have no terminal on the machine.

Decides who may reach it. The server itself is `tui.serving.server`'s, and is imported last: it needs an extra.
"""

import asyncio
import os
import platform
import socket
import sys
from importlib import import_module
from ipaddress import ip_address
from types import ModuleType

import click
import msgspec

from storage.errors import Error
from storage.text import clean
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, owner_for_viewer
from tui.commands.console import choices, see_to_engine
from tui.commands.options import standard_options
from tui.commands.output import remark, show_document, show_text
from tui.serving.guard import LOCAL_NAME

HOST = "127.0.0.1"
PORT = 8420
"""Beside those of TensorFlow Serving (8500, 8501), Triton (8000 to 8002) and MLflow (5000)."""

EXTRA = frozenset({"textual_serve", "aiohttp", "aiohttp_jinja2", "jinja2"})
REQUIREMENT = "textual-serve>=1.1,<2"

ANYBODY_HERE = "There is no password: every user of this machine can open it, as you."
WARNING = (
    "Warning: there is no password and no encryption. Everybody who reaches this port of this machine can open the "
    "console, and everything that it does is done as you."
)


class MissingError(Error):
    """What serves the console is not installed."""

    code = "missing"
    exit_code = ExitCode.USAGE


class ServeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``serve --json`` says once browsers are answered."""

    url: str
    workspace: str
    read_only: bool


@click.command(epilog="Example: modeltender serve --read-only --port 9000")
@standard_options
@click.option("--host", default=HOST, show_default=True, help="The address or name to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The port; 0 takes any that is free.",
)
@click.option("--read-only", is_flag=True, help="Serve consoles that change nothing.")
@click.option(
    "--open-to-network",
    is_flag=True,
    help="Listen where other machines can reach it, too. There is no password.",
)
@click.pass_context
def serve(
    context: click.Context,
    *,
    workspace: Workspace,
    as_json: bool,
    host: str,
    port: int,
    read_only: bool,
    open_to_network: bool,
) -> int:
    """Serve the console to browsers until Ctrl-C.

    Each tab is a console of its own, which ends with the tab. Only this machine can reach it; from another one, use a
    tunnel: ssh -L 8420:localhost:8420 MACHINE, and then http://localhost:8420 there.
    """
    is_local = _is_local(host)
    if not is_local and not open_to_network:
        raise click.UsageError(
            f"{clean(host, 100)} is reached from other machines, and there is no password. "
            "Use a tunnel (ssh -L), or say --open-to-network.",
            context,
        )
    server = _server()
    choices(workspace, os.environ)
    asked = read_only or bool(context.find_root().params.get("read_only"))
    read_only = asked or owner_for_viewer(workspace) is not None
    see_to_engine(workspace, read_only=read_only)
    names = frozenset({LOCAL_NAME, host.lower(), *(() if is_local else (platform.node().lower(),))})

    def opened(found: int) -> None:
        url = f"http://{f'[{host}]' if ':' in host else host}:{found}/"
        if as_json:
            show_document(ServeDocument(url=url, workspace=str(workspace.root), read_only=read_only))
        else:
            what = "The read-only console" if read_only else "The console"
            show_text(f"{what} of {clean(str(workspace.root))}: {url}\nCtrl-C ends it, and all its tabs.")
            remark(ANYBODY_HERE if is_local else "")
        remark("" if is_local else WARNING)
        sys.stdout.flush()

    made = server.ConsoleServer(workspace, names=names, read_only=read_only)
    asyncio.run(server.serve(made, host=host, port=port, opened=opened))
    return ExitCode.DONE


def _is_local(host: str) -> bool:
    """Whether nothing but this machine reaches what a name or an address leads to.

    Raises:
        click.UsageError: it leads nowhere.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise click.UsageError(
            f"There is no host {clean(host, 100)}; name an address of this machine: --host"
        ) from None
    return all(ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def _server() -> ModuleType:
    """Return the module of the server.

    Raises:
        MissingError: what it stands on is not installed.
    """
    try:
        return import_module("tui.serving.server")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise MissingError(
            "The console is served by textual-serve, which is not installed.",
            f"Install it: {sys.executable} -m pip install '{REQUIREMENT}'",
        ) from None
