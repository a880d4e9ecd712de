"""How good and how fast a version is, and whether it may be promoted."""
