"""How long the watching waits between two listings: the larger the workspace, the longer, but not for ever."""

import pytest

from engine.watching import LONGEST_S, Watching

RESCAN_S = 30.0


class Nothing:
    """Folders in which nothing happens."""

    def scan(self) -> float | None:
        """See nothing."""
        return None


@pytest.mark.parametrize(
    ("effort_s", "wanted", "pause"),
    [
        (0.01, None, RESCAN_S),
        (0.2, None, pytest.approx(100.0)),
        (60.0, None, LONGEST_S),
        (0.2, RESCAN_S, pytest.approx(100.0)),
        (0.2, 5.0, 5.0),
        (0.2, 0.1, pytest.approx(0.8)),
        (0.2, 0.0, 0.0),
    ],
)
def test_a_listing_takes_a_small_share(effort_s: float, wanted: float | None, pause: float) -> None:
    """At rest the share is small, while things arrive it is larger, and what goes on at once is not held up."""
    watching = Watching(Nothing(), rescan_s=RESCAN_S, scanned=lambda: None)
    watching.effort_s = effort_s
    assert watching._pause(wanted) == pause


def test_who_asks_for_rarer_listings_has_them() -> None:
    """The setting is the least pause, also where it is longer than the longest one of ours."""
    assert Watching(Nothing(), rescan_s=900.0, scanned=lambda: None)._pause(None) == 900.0
