"""Promises about telling network file systems from local ones."""

from pathlib import Path

import pytest

from engine.repository.mounts import file_system, is_remote

TABLE = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /proc rw - proc proc rw
41 22 0:40 / /mnt/my\040share rw,relatime shared:7 - nfs4 server:/export rw
42 22 0:41 / /mnt/bucket rw master:1 shared:9 - fuse.s3fs s3fs rw
43 41 0:42 / /mnt/my\040share/local rw - tmpfs tmpfs rw
44 22 0:43 / /mnt/twice rw - ext4 /dev/vdb rw
45 44 0:44 / /mnt/twice rw - cifs //server/share rw
"""


@pytest.mark.parametrize(
    ("folder", "kind", "remote"),
    [
        ("/home/ann/workspace", "ext4", False),
        ("/mnt/my share/workspace/models", "nfs4", True),
        ("/mnt/my share/local/models", "tmpfs", False),
        ("/mnt/bucket", "fuse.s3fs", True),
        ("/mnt/bucketful", "ext4", False),
        ("/mnt/twice/models", "cifs", True),
    ],
)
def test_the_nearest_and_latest_mount_above_a_folder_counts(
    tmp_path: Path, folder: str, kind: str, *, remote: bool
) -> None:
    """Mounts within mounts, over mounts, and with blanks in their names are told apart."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(TABLE)
    assert file_system(Path(folder), mounts) == kind
    assert is_remote(Path(folder), mounts) is remote


def test_without_a_table_of_mounts_nothing_is_remote(tmp_path: Path) -> None:
    """Where the kernel shows no mounts, events are believed in."""
    assert not is_remote(tmp_path, tmp_path / "none")


def test_this_machine_s_own_table_is_understood(tmp_path: Path) -> None:
    """The real table names a file system for a real folder."""
    assert file_system(tmp_path, Path("/proc/self/mountinfo"))
