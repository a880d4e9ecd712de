"""What is said instead of figures, or above them: first run, no engine, no database, no room. Pure."""

import textwrap

from rich.text import Text

from storage.errors import Error
from storage.vocabulary import DeviceKind, Status
from storage.workspace import NOT_KNOWN
from tui import health
from tui.layout import MINIMUM
from tui.moments import written
from tui.replaying import Replay
from tui.rows import fit
from tui.view import View

NO_DATABASE = "no-database"

LINE_PADDING = 2
"""Columns that the line above the panels leaves free at its ends."""

INTRODUCED = 28
"""Cells of what is said before a folder: what is to be typed stands below each other."""

LISTED = 47
"""Cells of a line of what runs here, which fits into the narrowest terminal."""

FORMATS = ".keras, SavedModel, TorchScript, .pt2, ONNX, .tflite"

WEIGHTS = "safetensors"
"""How the runtimes of weights alone are called: they need no framework, and run nothing without a loader of one's own."""


def too_small(view: View, width: int, height: int) -> Text:
    """Return what is shown where no panel is readable: the models' states in words, the worst first."""
    found = [(health.of_model(model, view.jobs), model.name) for model in view.models]
    found.sort(key=lambda each: -each[0].level)
    states = ", ".join(f"{name} {state.word}" for state, name in found)
    engine = "" if view.news.engine_running else "ENGINE DOWN, "
    if view.replay is not None:
        engine = f"REPLAY {written(view.replay.at)}, "
    # Before the models: of hundreds of them the end is out of sight.
    size = f"this terminal is {width}x{height}, panels need {MINIMUM[0]}x{MINIMUM[1]}"
    return Text(f"{engine}{size}\n{states or 'no models'}")


def above(view: View, width: int) -> Text | None:
    """Return the line above the panels, in ``width`` cells: that this is the past, or that everything below is old.

    ``None`` where neither is so.
    """
    line = engine_down(view) if view.replay is None else _replayed(view, view.replay)
    return None if line is None else fit(line, width - LINE_PADDING)


def _replayed(view: View, replay: Replay) -> Text:
    line = Text.assemble(("◂ ", "bold cyan"), ("The past", "bold"), ": L ends it.")
    if not view.news.engine_running:
        line.append(" No engine then.", "bold")
    if replay.missing:
        line.append(f" Not recorded: {', '.join(replay.missing)}")
    return line


def engine_down(view: View) -> Text | None:
    """Return the line that says that everything below is old, or ``None`` while the engine lives."""
    state = view.news.snapshot.engine if view.news.snapshot else None
    old = health.stale(
        state, view.now, engine_running=view.news.engine_running, disk_full=view.news.disk_full
    )
    if old is None:
        return None
    if view.news.engine_running:
        return Text.assemble(("! ", "bold yellow"), (old, "bold"))
    return Text.assemble(("✗ ", "bold red"), (f"{_stopped(view)} ", "bold"), f"{old[0].upper()}{old[1:]}.")


def _stopped(view: View) -> str:
    """Return that no engine runs, and who can start one."""
    if view.owner:
        return f"The engine is not running: {view.owner} can start it."
    if view.read_only:
        # No longer than with the key: since when everything is old has to be read in eighty columns.
        return "The engine is not running (read-only)."
    return "The engine is not running: s starts it."


def problem(view: View) -> tuple[str, list[Text]]:
    """Return the title and the lines of the page that stands for the panels."""
    if view.news.error is not None:
        return _error(view, view.news.error)
    return "No models yet", _first_run(view)


def _error(view: View, error: Error) -> tuple[str, list[Text]]:
    if error.code == NO_DATABASE:
        if view.news.engine_running:
            return "Starting", [
                Text("There is no database yet."),
                Text("The engine makes it when it starts; this takes a few seconds.", "dim"),
            ]
        action = (
            "Open it without --read-only once."
            if view.read_only
            else "s  starts the engine, which makes the database."
        )
        return "Never started", [
            Text("No engine has run on this folder yet."),
            Text(view.folder, "dim"),
            Text(),
            Text(action),
        ]
    title = "The engine cannot be seen" if error.code == NOT_KNOWN else "The database cannot be read"
    return title, [
        Text(error.message, "bold"),
        Text(error.hint),
        Text(),
        Text("Nothing was changed. The console tries again by itself; ⏎ tries now.", "dim"),
    ]


def _runtimes(view: View) -> list[str] | None:
    """Return the runtimes that work on this machine's processor, or ``None`` before the engine has looked."""
    cpu = next((device for device in view.devices if device.kind is DeviceKind.CPU), None)
    return None if cpu is None else [name for name in cpu.usable_by if not name.startswith(WEIGHTS)]


def _without_framework() -> list[Text]:
    return [
        Text.assemble(
            ("0  ", "bold"), "install what runs models    ", ("pip install 'modeltender[onnx]'", "bold")
        ),
        Text("   or tensorflow, torch, litert, openvino in its place; all takes every one", "dim"),
        Text.assemble("   then restart the engine     ", ("modeltender engine stop", "bold"), ", and s here"),
    ]


def _watched(view: View) -> list[Text]:
    """Return which folder is watched, or what has to be done before it is."""
    if view.news.engine_running:
        return [Text.assemble("The engine watches ", (view.folder, "bold"))]
    return [Text(_stopped(view), "bold yellow"), Text.assemble("It watches ", (view.folder, "bold"))]


def _place(step: str, what: str, folder: str) -> Text:
    return Text.assemble((f"{step:<3}", "bold"), f"{what:<{INTRODUCED}}", (folder, "bold"))


def _first_run(view: View) -> list[Text]:
    arrivals = view.news.snapshot.arrivals if view.news.snapshot else ()
    runtimes = _runtimes(view)
    lines = [*_watched(view), Text()]
    if runtimes is not None and not runtimes:
        lines += _without_framework()
    runs = f"what runs here: {', '.join(runtimes)}" if runtimes else f"formats: {FORMATS}"
    lines += [
        _place("1", "save a trained model under", "train/<name>/"),
        _place("", "or copy one to", "models/<name>/1/"),
        *(Text(f"   {line}", "dim") for line in textwrap.wrap(runs, LISTED)),
        _place("2", "put its test data at", "test/<name>/test.npz"),
        Text("   with the inputs as x and the targets as y", "dim"),
        Text.assemble(("3  ", "bold"), "it appears here within a second, and is evaluated"),
        Text(),
        Text("To look around first: modeltender init DIR --sample", "dim"),
    ]
    refused = [arrival for arrival in arrivals if arrival.status is not Status.SETTLING]
    coming = [arrival for arrival in arrivals if arrival.status is Status.SETTLING]
    if coming:
        lines += [Text(), Text("On its way:", "bold cyan")]
        lines += [Text(f"◐ train/{arrival.model}/{arrival.name}: {arrival.reason}") for arrival in coming]
    if refused:
        lines += [Text(), Text("Found, but not a model:", "bold yellow")]
        lines += [Text(f"✗ train/{arrival.model}/{arrival.name}: {arrival.reason}") for arrival in refused]
    return lines
