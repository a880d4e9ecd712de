"""What the console is loaded without: what takes memory for as long as it is open, and is of no use to it."""

import sys
from importlib import import_module


def load_without_encryption() -> None:
    """Load asyncio without the encryption of connections: a console has none, and OpenSSL takes four megabytes.

    asyncio does without it where Python was built without it. Whoever wants it later in this process loads it as ever.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    # So Python writes down that there is no such module.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import_module("asyncio")
    finally:
        del sys.modules["ssl"]
