"""Settings as rows and as sentences: what each comes to, where that is said, and what is wrong with it. Pure, as `tui.rows` is."""

from collections.abc import Sequence
from functools import partial

from rich.text import Text

from storage.settings_listing import DEFAULT, NOT_SET, Entry
from tui.rows import cell, fit
from tui.widgets.table import Row

KEY_CELLS, ORIGIN_CELLS = 25, 19

EVERYWHERE = "every model"
"""Said of what holds for the workspace."""

SCOPE_FROM = 70
"""Cells from which there is room for which model a setting is of."""

SCOPE_LEAST, SCOPE_MOST, SPARE_FROM = 11, 32, 98
"""Cells of which model that is: ``every model``, and a quarter of those beyond which the values have enough."""


def parts(entry: Entry) -> dict[str, str]:
    """Return what a filter looks at."""
    return {
        "key": entry.key,
        "value": entry.value,
        "from": entry.origin,
        "of": entry.scope or EVERYWHERE,
        "problem": entry.problem,
    }


def heading(width: int) -> Text:
    """Return the columns' titles."""
    scope = f"{'MODEL':<{_scope_cells(width)}} " if width >= SCOPE_FROM else ""
    return Text(f"  {'SETTING':<{KEY_CELLS}} {scope}{'VALUE':<{_value_cells(width)}} FROM", "dim")


def rows(entries: Sequence[Entry], width: int) -> list[Row]:
    """Return a row a setting."""
    return [Row((entry.scope, entry.key), (partial(_line, entry, width),)) for entry in entries]


def _value_cells(width: int) -> int:
    return max(
        12, width - 2 - KEY_CELLS - ORIGIN_CELLS - 2 - (_scope_cells(width) + 1 if width >= SCOPE_FROM else 0)
    )


def _scope_cells(width: int) -> int:
    return min(SCOPE_LEAST + max(width - SPARE_FROM, 0) // 4, SCOPE_MOST)


def _line(entry: Entry, width: int) -> Text:
    key = cell(entry.key, KEY_CELLS, "bold" if entry.origin != DEFAULT else "")
    line = Text.assemble(("✗ ", "bold red") if entry.problem else "  ", key, " ")
    if width >= SCOPE_FROM:
        line.append_text(cell(entry.scope or EVERYWHERE, _scope_cells(width), "dim")).append(" ")
    said = entry.problem or entry.value
    style = "bold yellow" if entry.problem else "dim" if entry.value == NOT_SET else ""
    line.append_text(cell(said, _value_cells(width), style)).append(" ")
    return fit(line.append(entry.origin, "dim" if entry.origin == DEFAULT else "cyan"), width)


def about(entry: Entry, path: str) -> list[Text]:
    """Return a setting as a whole: its value, what it is for, where that is said, and what is wrong with it."""
    said = [Text.assemble((entry.key, "bold"), f" = {entry.value}")]
    if entry.meaning:
        said.append(Text(entry.meaning.replace("`", "")))
    if entry.problem:
        said.append(Text.assemble(("what is wrong: ", "bold yellow"), entry.problem))
        said.append(Text("Correct the file: it is read again at once."))
    if entry.origin == DEFAULT:
        said.append(Text.assemble(("from ", "dim"), f"the default; {path} can set it"))
    else:
        said.append(
            Text.assemble(
                ("from ", "dim"),
                entry.origin,
                (f" (default: {entry.default})" if entry.default else "", "dim"),
            )
        )
    return said
