"""Quality metrics, one file each."""
