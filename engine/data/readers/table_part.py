"""A table's part as a Parquet file, written row by row as the rows come.

Owns the way from columns to a file; it lies among the readers because they alone may import pyarrow.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.readers.source import Source
from engine.processes.protocol import Suffix

Rows = dict[str, NDArray[Any]]


class TablePart:
    """A part of a table."""

    suffix: Final[Suffix] = ".parquet"

    def __init__(self, path: Path, _source: Source) -> None:
        """Begin the file whose name without its ending is ``path``."""
        self._path = f"{path}{self.suffix}"
        self._writer: Any = None

    def append(self, rows: Rows) -> None:
        """Write further examples."""
        import pyarrow as pa
        from pyarrow import parquet

        table = pa.table({name: _column(array) for name, array in rows.items()})
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)

    def finish(self) -> None:
        """Write what a Parquet file ends with."""
        if self._writer is not None:
            self._writer.close()


def _column(array: "NDArray[Any]") -> Any:
    import pyarrow as pa

    if array.ndim > 1:
        return pa.array(array.tolist(), _nested(pa.from_numpy_dtype(array.dtype), array.ndim - 1))
    return pa.array(np.char.decode(array) if array.dtype.kind == "S" else array)


def _nested(kind: Any, depth: int) -> Any:
    import pyarrow as pa

    return kind if depth == 0 else pa.list_(_nested(kind, depth - 1))
