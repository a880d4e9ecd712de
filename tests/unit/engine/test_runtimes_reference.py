"""The page about formats says what the program does."""

from pathlib import Path

import pytest

from engine import runtimes_reference
from engine.runtimes_reference import OPERATIONS, REFUSED

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "runtimes.md"


def test_page_is_up_to_date() -> None:
    """`python -P -m engine.runtimes_reference > docs/runtimes.md` writes it."""
    assert PAGE.read_text() == runtimes_reference.page()


@pytest.mark.parametrize(("file", "test"), [*OPERATIONS.values(), REFUSED])
def test_cell_is_a_test_of_every_format(file: str, test: str) -> None:
    """Each test that stands behind a tick exists and runs once for each format of the registry."""
    text = (ROOT / file).read_text()
    assert f"def {test}(" in text
    before, after = text.split(f"def {test}(", 1)
    decorators = before.rsplit("\n\n\n", 1)[-1]
    signature = after.split(") ->", 1)[0]
    assert (
        "each_format" in decorators or "wanted: Format" in signature or "process: ModelProcess" in signature
    )
