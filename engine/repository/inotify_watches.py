"""What watchdog remembers of watches that are gone, and how it is brought to let go of them without a mistake."""

from typing import Any

from watchdog.observers.inotify import InotifyWatchGroup

FORGET = "_remove_watch_internally"


def forgive() -> None:
    """Have watchdog forget a watch whose folder it has lost track of, instead of giving up all that is to be ended.

    Of a folder that left the watched tree, watchdog (7.1) remembers the name; once a new folder of that name is renamed, the old
    watch's entry is missing, and ending raises `KeyError` half-way: with a thread and the kernel's watches of other
    folders left behind.
    """
    if hasattr(InotifyWatchGroup, FORGET):
        setattr(InotifyWatchGroup, FORGET, _forget)


def _forget(group: Any, watch: Any) -> None:
    """Forget a watch, and the name of its folder unless that is another watch's by now."""
    watches, paths = group._active_callbacks_by_watch, group._active_callbacks_by_path  # noqa: SLF001 - nobody else can reach them
    path = watches.pop(watch, None)
    if path is not None and paths.get(path) == watch:
        del paths[path]
