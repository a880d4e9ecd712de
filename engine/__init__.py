"""What does the work: watches, evaluates, promotes and rolls back. It has no terminal."""
