"""The page about exports says what the program does."""

from pathlib import Path

from engine import exports_reference

ROOT = Path(__file__).parents[3]


def test_page_is_up_to_date() -> None:
    """`python -P -m engine.exports_reference > docs/export.md` writes it."""
    assert (ROOT / "docs" / "export.md").read_text() == exports_reference.page()


def test_the_test_that_it_names_runs_for_every_route() -> None:
    """What is said to be tested is a test over the registry."""
    file, test = exports_reference.TEST
    text = (ROOT / file).read_text()
    before, after = text.split(f"def {test}(", 1)
    assert before.rstrip().endswith("@each_way")
    assert "route: ExportRoute" in after.split(") ->", 1)[0]
