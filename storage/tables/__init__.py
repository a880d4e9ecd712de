"""One module per group of tables: its writes and its reads."""
