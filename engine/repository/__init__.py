"""The versioned folders: noticing, ingesting, checking and switching versions."""
