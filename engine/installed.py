"""Which distributions are installed here, and in which version; none of them is imported for that."""

from importlib import metadata


def version_of(distribution: str) -> str | None:
    """Return the version of a distribution, or ``None`` where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
