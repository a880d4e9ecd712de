"""The words for what may be removed from a disk that is nearly full, in the order in which it goes."""

from enum import StrEnum


class Spare(StrEnum):
    """What may be removed where room is wanted; each is found by one module in ``engine/freeing``."""

    LEFTOVER = "leftover"
    """What a process or a job that has ended left behind."""
    LOG = "old log"
    PREPARED = "prepared copy"
    """Of data, made again as soon as it is wanted."""
    COPY = "unused copy"
    """Of a model's files, that nothing deployed needs."""
    BACKUP = "old database"
    RETIRED = "retired version"
    """That was before what is deployed, beyond those whose files the owner wants to keep."""
    PAGES = "free pages"
    """Of the database, that hold nothing."""
