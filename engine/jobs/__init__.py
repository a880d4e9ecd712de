"""What the engine does on request, one file per job kind."""
