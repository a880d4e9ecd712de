"""What is known of each figure without computing it: one list a task, in the order in which figures are told.

Owns the form of what is known. Importable without numpy: what computes is named here, and resolved in a model process only.
"""

import msgspec

from storage.vocabulary import Task


class MetricSpec(msgspec.Struct, frozen=True):
    """What is known about a figure without computing it."""

    name: str
    task: Task
    higher_is_better: bool
    title: str
    """How it is called in words."""
    interval: str
    """The method of its interval, for the documentation."""
    accumulator: str = ""
    """``module:class`` of its accumulator; figures that name the same share one. Empty: only several labels have it."""
    figures: str = ""
    """``module:function`` that makes the figures from what was gathered; empty: the accumulator does."""
    label_accumulator: str = ""
    """The same two where an example may have several labels; empty: there it has no such figure."""
    label_figures: str = ""
    label_interval: str = ""
    """The method of its interval there, where it is another one."""
    each: str = ""
    """``module:function`` that gives one number of each example whose mean is the figure; empty where there is none."""
    label_each: str = ""
    """The same where an example may have several labels."""
    source: str = ""
    """Where its formula and that of its interval come from, for the documentation."""
