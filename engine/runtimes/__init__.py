"""One folder per model format."""
