"""Fixtures of the hostile tests."""

from tests.hostile.workbench import bench

__all__ = ["bench"]
