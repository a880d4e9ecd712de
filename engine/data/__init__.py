"""Reading test data inside a model process."""
