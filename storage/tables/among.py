"""Any number of ids as one parameter of a statement, so that asking for many takes as many statements as for one."""

from collections.abc import Iterable

import msgspec

WANTED = "(SELECT value AS wanted FROM json_each(?))"
"""The ids as a table with the column ``wanted``, to be the first of a ``CROSS JOIN``: the rows are looked up by id, whatever the planner believes."""


def packed(ids: Iterable[int | str]) -> str:
    """Return ids as the parameter that `WANTED` takes."""
    return msgspec.json.encode(list(ids)).decode()
