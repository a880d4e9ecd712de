"""The page about figures says what the registry says."""

from pathlib import Path

from engine import metrics_reference
from engine.evaluation.metrics import METRICS

PAGE = Path(__file__).parents[3] / "docs/metrics.md"


def test_the_page_is_what_the_registry_says() -> None:
    """`python -P -m engine.metrics_reference > docs/metrics.md` writes it."""
    assert PAGE.read_text() == metrics_reference.page()


def test_every_figure_is_on_the_page() -> None:
    """With where its formula or its interval comes from, unless it has none."""
    for spec in METRICS:
        assert f"| `{spec.name}` |" in PAGE.read_text()
        assert spec.source or spec.interval.startswith("none"), spec.name
