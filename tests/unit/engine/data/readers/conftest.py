"""Real models and data for this folder's tests."""

from tests.tiny_models import digits_file, saved

__all__ = ["digits_file", "saved"]
