"""``modeltender share``: who may look at a workspace besides its owner.

Says it and asks `storage.sharing` to change it; what members need that is not modeltender's to open is told.
"""

import click
import msgspec

from storage import sharing
from storage.sharing import Sharing
from storage.text import clean
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, create_workspace
from tui.commands.options import standard_options
from tui.commands.output import show_document, show_text


class ShareDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``share --json`` says; the group is ``null`` where the owner alone may look."""

    workspace: str
    owner: str
    group: str | None
    members: tuple[str, ...]
    barred: tuple[str, ...]


@click.command(epilog="Example: modeltender share mlops -w /srv/serving")
@click.argument("group", metavar="[GROUP]", required=False)
@click.option("--private", is_flag=True, help="Let nobody but the owner look.")
@standard_options
@click.pass_context
def share(
    context: click.Context, *, workspace: Workspace, as_json: bool, group: str | None, private: bool
) -> int:
    """Let the members of a Unix group look at the workspace, but not act on it.

    They can open the console, run every command that only looks, and see all figures, jobs, events and the log. Without
    GROUP, it says who may look.
    """
    if group and private:
        raise click.UsageError("GROUP and --private exclude each other.", context)
    if private:
        sharing.close(workspace)
    elif group:
        # Before there was an engine there may be no folder to open.
        if not workspace.state.exists():
            create_workspace(workspace.root)
        sharing.open_to(workspace, group)
    found = sharing.read(workspace)
    if as_json:
        show_document(
            ShareDocument(
                workspace=clean(str(workspace.root), 4096),
                owner=found.owner,
                group=found.group,
                members=found.members,
                barred=found.barred,
            )
        )
    else:
        show_text(_in_words(workspace, found))
    return ExitCode.DONE


def _in_words(workspace: Workspace, found: Sharing) -> str:
    root = clean(str(workspace.root))
    if found.group is None:
        return f"Only {found.owner} may look at {root}."
    named = f" ({', '.join(found.members)})" if found.members else ""
    lines = [f"{found.owner} acts on {root}; members of {found.group}{named} may look."]
    if found.barred:
        lines.append("As far as modes tell they may not read or pass this (chgrp and chmod g+rX let them):")
        lines += [f"  {path}" for path in found.barred]
    return "\n".join(lines)
