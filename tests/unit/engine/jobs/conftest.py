"""Fixtures of the jobs: a workspace that is watched."""

from tests.watched import watched

__all__ = ["watched"]
