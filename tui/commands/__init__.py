"""Viewer commands, one file per group."""
