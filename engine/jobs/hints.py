"""Where the file lies that a job's hint asks its reader to edit.

Pure. Who raises an error knows the data or the model process, and not whose ``model.toml`` it will be; a newcomer
has none yet, and must learn from the hint where to make it.
"""

import re
from typing import Final

SETTINGS: Final = re.compile(r"(?<![\w/.])model\.toml")
"""The file's plain name; what stands after a folder says already where it lies."""


def placed(hint: str, model: str) -> str:
    """Return a hint that says of which model it means the settings, as a path in the workspace."""
    if not model:
        return hint
    return SETTINGS.sub(lambda _found: f"models/{model}/model.toml", hint, count=1)
