"""What several runtimes of one framework share: its devices, and how it is called. Imported in model processes only."""
