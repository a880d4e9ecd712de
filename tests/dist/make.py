"""``make dist``: builds the source distribution and the wheel into ``dist/``, and says what they are."""

import hashlib
import sys
import tempfile
from pathlib import Path

from tests.dist.building import ROOT, build


def main() -> int:
    """Build, and print a line a file."""
    with tempfile.TemporaryDirectory() as work:
        built = build(ROOT, ROOT / "dist", work=Path(work))
    for file in built:
        content = file.read_bytes()
        print(f"{file.relative_to(ROOT)}  {len(content) / 1024:.0f} KiB  sha256 {hashlib.sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
