"""Fixtures of the fault tests."""

from tests.watched import examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "watched"]
