"""Tell what this interpreter's environment runs models with: run by a rehearsal, in another environment than the engine's.

``python -P -m engine.processes.inventory`` prints one JSON document. It imports no framework.
"""

import platform
import sys

import msgspec

from engine.processes.interpreter import Inventory
from engine.runtimes import RUNTIMES


def main() -> None:
    """Print the inventory."""
    found = Inventory(platform.python_version(), RUNTIMES)
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
