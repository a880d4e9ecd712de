"""Names that say: not finished yet, or not meant for you.

Owns the list of what copy programs, downloads, editors and frameworks call a file until it is complete. It looks at
names alone; whether a file with an ordinary name is finished is for `engine.repository.settle`.
"""

import re
from typing import Final

HIDDEN: Final = ".modeltender-export"
"""Where our own jobs keep in an inbox what they are about to deliver. One delivers at a time, so that what lies there is what
a crash has left."""

_NAMES = re.compile(
    r"""
    ^\.                      # rsync (.model.onnx.Ab12Cd and .~tmp~/), vim, NFS, FUSE, and whatever else is hidden
    | ~$                     # what editors put by
    | ^\#.*\#$               # Emacs, of what was not saved
    | \.tmp[0-9a-f]*$        # everybody; with 32 digits TensorFlow: saved_model.pb.tmp0f176b45...
    | \.temp$
    | \.tempstate[0-9]+$     # TensorFlow, of a part of the variables
    | \.part(ial)?$          # Firefox, wget2, rclone, and our own ingest
    | \.filepart$            # WinSCP
    | \.(cr|op)?download$    # Chrome, Opera, Safari
    | \.incomplete$          # huggingface_hub
    | \.aria2$
    | _\.gstmp$              # gsutil and gcloud storage
    | \.swp$
    """,
    re.VERBOSE,
)

_FOLDER = "_temp"
"""How TensorFlow ends the name of a folder that it gathers variables in: variables/variables_temp. Inside a model only: a
model may well be called room_temp."""


def is_temporary(path: str) -> bool:
    """Whether a file, or a folder on the way to it, has a name of this kind; ``path`` starts inside of what is looked at."""
    if "/" not in path:
        return _NAMES.search(path) is not None
    *folders, name = path.split("/")
    return _NAMES.search(name) is not None or any(
        _NAMES.search(folder) or folder.endswith(_FOLDER) for folder in folders
    )
