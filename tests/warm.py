"""A pool in which every version is warm, for tests of what comes before and after loading: no process is started."""


class Warm:
    """Stands in for the pool where a promotion only asks whether a process lives."""

    def holds(self, key: object) -> bool:
        """Whether a process for ``key`` lives."""
        del key
        return True

    def renew(self, model: str) -> None:
        """Keep a model's processes for longer."""
