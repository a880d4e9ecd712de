"""A part of arrays as an ``.npz``.

Owns writing them in bounded memory, row by row as they come. Runs in a data process, behind walls.
"""

import zipfile
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from engine.data.preparing import ArrayFile, text_widths
from engine.data.readers.source import Source
from engine.processes.protocol import Suffix

Rows = dict[str, NDArray[Any]]


class ArchivePart:
    """A part of arrays."""

    suffix: Final[Suffix] = ".npz"

    def __init__(self, path: Path, source: Source) -> None:
        """Begin the file whose name without its ending is ``path``."""
        self._path = path
        self._widths = text_widths(source, source.columns)
        self._files = {
            column.name: ArrayFile(path.with_name(f"{path.name}-{place}.npy"))
            for place, column in enumerate(source.columns)
        }

    def append(self, rows: Rows) -> None:
        """Write further examples."""
        for name, array in rows.items():
            text = name in self._widths
            self._files[name].append(array.astype(f"<U{self._widths[name]}") if text else array)

    def finish(self) -> None:
        """Put the arrays together: stored as they are, so that they can be mapped."""
        with zipfile.ZipFile(f"{self._path}{self.suffix}", "w", zipfile.ZIP_STORED) as archive:
            for name, file in self._files.items():
                file.finish()
                archive.write(file.path, f"{name}.npy")
                file.path.unlink()
