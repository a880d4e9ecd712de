"""The first line of every screen, in words: whose machine, whether the engine lives, and who needs attention.

Pure: from a view to a line of text. It shows minutes at the finest, so that a quiet screen sends nothing.
"""

from rich.text import Text

from storage import full_disk, launch
from storage.records import Model
from storage.vocabulary import WALLS, LayerState
from tui import health
from tui.format import clock, elapsed, span
from tui.moments import written
from tui.view import View

NAME = "modeltender"

ENDS = 3
"""Columns that the line's ends take, and the space before the time."""

LEAST_NAME = 8
"""Cells of a model's name that are always there."""

ROOMY = 110
"""Columns from which there is room for whole phrases."""


def left(view: View, width: int, *, needing: int) -> Text:
    """Return the left part of the overview's first line; ``needing`` models want something of a person."""
    attention = f"! {needing} need{'s' if needing == 1 else ''} you" if needing else ""
    parts = {
        "name": Text(NAME, "bold"),
        "host": Text(view.host),
        "engine": _engine(view),
        "models": Text(_models(view)),
        "attention": Text(attention, "bold yellow"),
        "sandbox": Text(_sandbox(view, width), "yellow"),
        "flags": Text("  ").join(_flags(view, roomy=width >= ROOMY)),
    }
    gap = Text("   " if width >= ROOMY else "  ")
    for dispensable in ("", "host", "models", "name"):
        parts.pop(dispensable, None)
        line = gap.join([part for part in parts.values() if part.plain])
        if line.cell_len <= width - right(view).cell_len - ENDS:
            break
    return line


def of_model(view: View, name: str, width: int) -> Text:
    """Return the left part of the first line of a model's screen: its name gives way, never its state."""
    state = Text()
    model = view.model
    if model is not None:
        state.append_text(_role(model))
        found = health.of_model(model, view.jobs)
        state.append(f"   {found.glyph} {found.word}", found.colour)
    if not view.news.engine_running and view.replay is None:
        state.append("   ENGINE DOWN", "bold red")
    state = Text("   ").join([state, *_flags(view)])
    room = width - right(view).cell_len - ENDS - state.cell_len
    named = Text.assemble((NAME, "bold"), " > ", (name, "bold"))
    if named.cell_len > room:
        named = Text(name, "bold")
        named.truncate(max(room, LEAST_NAME), overflow="ellipsis")
    return Text.assemble(named, state)


def of_screen(view: View, name: str, told: str) -> Text:
    """Return the left part of the first line of a screen with a list: its name, and how things stand there."""
    text = Text.assemble((NAME, "bold"), " > ", (name, "bold"))
    down = Text("" if view.news.engine_running or view.replay is not None else "ENGINE DOWN", "bold red")
    return Text("   ").join([part for part in (text, down, Text(told), *_flags(view)) if part.plain])


def right(view: View) -> Text:
    """Return the right part: the time, or which moment of the past is shown."""
    if view.replay is not None:
        return Text(f" REPLAY {written(view.replay.at)} ", "bold reverse")
    return Text(f"{clock(view.now, view.now)} UTC")


def _models(view: View) -> str:
    """Return how many models there are, or nothing where that could not be read."""
    if view.news.snapshot is None:
        return ""
    return f"{len(view.models)} model{'' if len(view.models) == 1 else 's'}"


def _engine(view: View) -> Text:
    state = view.news.snapshot.engine if view.news.snapshot else None
    if not view.news.engine_running and view.replay is not None:
        return Text("no engine then", "bold yellow")
    if not view.news.engine_running:
        last = f" {span(elapsed(state.heartbeat_at, view.now))}" if state else ""
        return Text(f"ENGINE DOWN{last}", "bold red")
    if state is not None and view.news.disk_full and view.now - state.heartbeat_at > full_disk.SILENT_S:
        return Text("DISK FULL", "bold red")
    if state is not None and view.now - state.heartbeat_at > launch.SILENT_S:
        return Text(f"ENGINE SILENT {span(elapsed(state.heartbeat_at, view.now))}", "bold yellow")
    up = f" up {span(elapsed(state.started_at, view.now))}" if state else ""
    return Text.assemble("engine ", ("●", "green"), up)


def _sandbox(view: View, width: int) -> str:
    """Return what the sandbox lacks on this machine, or nothing where every wall stands."""
    state = view.news.snapshot.engine if view.news.snapshot else None
    found = state.sandbox if state else {}
    missing = [words for layer, words in WALLS.items() if found.get(layer, LayerState.ON) != LayerState.ON]
    if not missing:
        return ""
    if width >= ROOMY:
        return f"sandbox: partial, no {', no '.join(missing)}"
    return f"no {missing[0]}" if len(missing) == 1 else f"{len(missing)} walls missing"


def _role(model: Model) -> Text:
    if model.current is None:
        return Text("  nothing deployed", "dim")
    return Text(f"  v{model.current.number}")


def _flags(view: View, *, roomy: bool = False) -> list[Text]:
    flags = [Text("read-only", "dim")] if view.read_only else []
    if view.owner:
        whose = f"the workspace belongs to {view.owner}" if roomy else f"{view.owner}'s"
        flags = [Text(f"read-only: {whose}", "bold")]
    return [*flags, Text("PAUSED", "bold reverse")] if view.paused else flags
