"""Looking into a model file without its framework: bounded, by content, trusting nothing in it."""
