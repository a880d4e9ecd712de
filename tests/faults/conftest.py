"""Fixtures of the fault tests."""

from tests.digits_engine import digits_engine
from tests.live import live
from tests.watched import examiner, examiner_hosts, watched

__all__ = ["digits_engine", "examiner", "examiner_hosts", "live", "watched"]
