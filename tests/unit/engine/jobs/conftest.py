"""Fixtures of the jobs: a workspace that is watched."""

from tests.watched import examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "watched"]
