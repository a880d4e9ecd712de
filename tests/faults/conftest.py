"""Fixtures of the fault tests."""

from tests.live import live
from tests.watched import examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "live", "watched"]
