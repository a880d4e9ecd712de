"""``python -m tui``: the same as the command ``modeltender``."""

import sys

from tui.command_line import main

if __name__ == "__main__":
    sys.exit(main())
