"""What the console is loaded without, in a clean interpreter."""

import subprocess
import sys

ASKED = """
import sys
from tui.loading import load_without_encryption
load_without_encryption()
import tui.app, asyncio
async def answer(): return "a loop runs"
print("_ssl" in sys.modules, asyncio.run(answer()))
import ssl
print(ssl.create_default_context().verify_mode.name)
load_without_encryption()
print("_ssl" in sys.modules)
"""


def test_nothing_of_the_console_needs_encryption_and_it_can_be_had_later() -> None:
    """The whole application loads and a loop runs without it; who imports it afterwards gets it, and keeps it."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", ASKED], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.splitlines() == ["False a loop runs", "CERT_REQUIRED", "True"], done.stderr
