"""Fixtures of the jobs: a workspace that is watched, empty or with versions that are ready."""

import pytest

from tests.watched import Watched, examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "watched"]


@pytest.fixture
def three(watched: Watched) -> Watched:
    """Return a workspace with three good versions of mnist, each better than the last, and nothing deployed."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.97})
    return watched
