"""Trainings as the engine sees them: their folders, their records, and programs of owners' that train."""
