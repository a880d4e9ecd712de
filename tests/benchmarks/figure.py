"""One measured figure, what it is compared with, and what was promised."""

from typing import NamedTuple


class Figure(NamedTuple):
    """A row of the report."""

    what: str
    measured: str
    beside: str
    """What it was measured against in the same run, or empty."""
    ratio: str
    promised: str
    kept: bool

    def row(self) -> str:
        """Return it as a row of a Markdown table."""
        return f"| {self.what} | {self.measured} | {self.beside} | {self.ratio} | {self.promised} | {'yes' if self.kept else '**no**'} |"
