"""What can be told of an HDF5 file from its first bytes: whether it is all there, and whether it describes a model.

Owns the marks. It must not follow the format any further: HDF5 is parsed by a large C library, and that happens
behind the walls of a model process only (`engine.runtimes.keras.legacy`).
"""

from engine.artefacts.content import Content, ContentError, CutShortError

MAGIC = b"\x89HDF\r\n\x1a\n"

SEARCH = 4 * 1024 * 1024
"""Where the name of the model's description is looked for; Keras writes it before the weights."""

DESCRIPTION = "model_config"
"""The attribute that holds a model's layers; files of weights have none."""

END_POSITIONS = {0: (13, 40), 1: (13, 44), 2: (9, 28), 3: (9, 28)}
"""By the superblock's version: where the width of addresses stands, and where the end of the file with width 8.

HDF5 File Format Specification 3.0, section II.A.
"""

WIDTH = 8
"""Bytes of an address in every file that is written on a machine of today."""


def check_outline(content: Content) -> None:
    """Raise where an HDF5 file is no whole Keras model, as far as its first bytes tell.

    Raises:
        CutShortError: it ends before it says that it does.
        ContentError: it is damaged, or describes no model.
    """
    missing = _end(content) - content.size
    if missing > 0:
        raise CutShortError(f"is cut short: it needs {missing} bytes more")
    if DESCRIPTION.encode() not in content.piece(0, min(content.size, SEARCH)):
        raise ContentError(
            "is HDF5 without a Keras model in it: it holds weights only, not a model; "
            "save the whole model with model.save(...)"
        )


def _end(content: Content) -> int:
    """Return where the file says that it ends."""
    head = content.head
    if len(head) <= len(MAGIC):
        raise CutShortError("is cut short: it ends after its mark")
    width_at, end_at = END_POSITIONS.get(head[len(MAGIC)], (0, 0))
    if not width_at:
        raise ContentError("is damaged: it is HDF5 of a version that does not exist")
    if len(head) < end_at + WIDTH:
        raise CutShortError("is cut short: it ends within its first block")
    if head[width_at] != WIDTH:
        raise ContentError("is HDF5 of an odd kind that Keras does not write")
    return int.from_bytes(head[end_at : end_at + WIDTH], "little")
