"""Widgets, one file each: a widget gets data and draws."""
