"""Which function of a SavedModel is meant.

Pure: names in, a name out. It must not know TensorFlow.
"""

from collections.abc import Collection

from storage.errors import OWN_SETTINGS, JobError
from storage.text import NAME, clean

SERVE, SERVING_DEFAULT = "serve", "serving_default"
"""What Keras calls the endpoint that it exports, and what TensorFlow Serving asks for."""

CALL = "__call__"
"""What a module does when it is called itself."""

SHOWN = 10
"""Names that a sentence lists."""


def choose(signatures: Collection[str], functions: Collection[str], wanted: str = "") -> str:
    """Return the name of the function to run.

    Args:
        signatures: names of the signatures that the model was saved with.
        functions: names of its functions that take one kind of input; where there is a signature they do not count.
        wanted: what the model's settings say, or empty.

    Raises:
        JobError: none is meant for certain; the message lists what there is.
    """
    available = [*signatures, *(name for name in functions if name not in signatures)]
    if wanted:
        if wanted in available:
            return wanted
        raise JobError(
            f"The SavedModel has no signature '{clean(wanted, NAME)}'; it has {_listed(available)}.",
            f"Correct signature under [runtime] in {OWN_SETTINGS}, or remove it.",
        )
    for name in (SERVE, SERVING_DEFAULT):
        if name in available:
            return name
    named = list(signatures or functions)
    if len(named) == 1:
        return named[0]
    if not signatures and CALL in functions:
        return CALL
    if named:
        raise JobError(
            f"The SavedModel has several signatures, and which is meant is not known: {_listed(named)}.",
            f'Name one in {OWN_SETTINGS}: [runtime] signature = "..."',
        )
    raise JobError(
        "The SavedModel has no function that can be called: it was saved without signatures.",
        "Save it with signatures=..., or give its functions an input_signature.",
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(clean(name, NAME) for name in sorted(names)[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{shown}{more}" if names else "none"
