"""Framework hosts and their sandboxed model processes."""
