"""Two versions compared on the same examples, one module per statistical method; none knows a gate or a database."""
