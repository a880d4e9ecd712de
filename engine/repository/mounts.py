"""On which kind of file system a folder lies, as far as it matters for watching it.

Owns the list of those that report nothing about what other machines do.
"""

from pathlib import Path

REMOTE = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "beegfs",
        "virtiofs",
        "vboxsf",
    }
)
"""File systems whose content changes without this kernel's doing."""

REMOTE_FUSE = "fuse."
"""Almost everything that is mounted through FUSE comes from elsewhere: sshfs, s3fs, rclone, gcsfuse."""


def is_remote(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether other machines may change what is in ``folder``."""
    kind = file_system(folder, mounts)
    return kind in REMOTE or kind.startswith(REMOTE_FUSE)


def file_system(folder: Path, mounts: Path) -> str:
    """Return the type of the file system on which ``folder`` lies, or an empty string where that is not known."""
    try:
        real = folder.resolve()
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        # No such table, as in a bare container: nothing speaks for a network.
        return ""
    best, found = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        # The kernel writes blanks in paths as octal numbers.
        point = Path(before.split()[4].encode(errors="surrogateescape").decode("unicode_escape"))
        # Of two mounts on one folder the later one is what is seen.
        if real.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), after.split()[0]
    return found
