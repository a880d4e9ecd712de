"""Data of every format, read by real confined processes into arrays."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.data.dataset import Dataset, open_dataset
from engine.data.manifest import MANIFEST
from engine.processes.client import Hosts, ModelProcessError
from engine.processes.data_process import DataProcess
from engine.processes.lockdown import probe
from engine.processes.protocol import Prepare
from engine.protocols import TensorSpec
from storage.settings import Data, LimitSettings
from tests.data_files import CLASSES, EVERY, IMAGES, ROWS, WRITERS, Write, as_images

GIB = 1024**3


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Return hosts that stay warm for the module's tests."""
    held = Hosts(scratch=tmp_path_factory.mktemp("scratch"), limits=LimitSettings(memory_gib=2))
    yield held
    held.close()


def request(source: Path, *, limit_bytes: int = GIB, specs: tuple[TensorSpec, ...] = ()) -> Prepare:
    """Return the question that is put to a data process."""
    return Prepare(str(source), specs, Data(), (), limit_bytes)


def ask(process: DataProcess, prepare: Prepare) -> list[tuple[int, int]]:
    """Have data prepared; return the progress that was told."""
    told: list[tuple[int, int]] = []
    process.prepare(prepare, on_progress=lambda done, total: told.append((done, total)), deadline_s=30)
    return told


def prepared(hosts: Hosts, source: Path, destination: Path) -> Dataset:
    """Return a data set as a model process would map it."""
    process = hosts.open_data([source.parent], limit_bytes=GIB)
    try:
        ask(process, request(source))
        process.take(destination)
    finally:
        process.close()
    return open_dataset(destination, ())


@pytest.mark.parametrize("write", EVERY, ids=[write.__name__ for write in EVERY])
def test_every_format_becomes_the_same_arrays(hosts: Hosts, write: Write, tmp_path: Path) -> None:
    """Behind every wall, through every parser, the numbers are those that were written."""
    (tmp_path / "source").mkdir()
    dataset = prepared(hosts, write(tmp_path / "source"), tmp_path / "taken")
    [inputs] = dataset.inputs.values()
    assert np.array_equal(as_images(inputs), IMAGES)
    assert np.array_equal(dataset.targets.astype(np.int64), CLASSES)
    assert isinstance(inputs, np.memmap)
    assert not inputs.flags.writeable


def test_the_process_is_confined(hosts: Hosts) -> None:
    """What parses a stranger's bytes stands behind every wall that this machine offers."""
    process = hosts.open_data([], limit_bytes=GIB)
    process.close()
    assert process.layers == probe().layers


def test_only_what_was_granted_can_be_read(hosts: Hosts, tmp_path: Path) -> None:
    """A file that lies beside the data is out of reach, however it is named."""
    for folder in ("granted", "secret"):
        (tmp_path / folder).mkdir()
    write = WRITERS["CSV"][0]
    process = hosts.open_data([tmp_path / "granted"], limit_bytes=GIB)
    try:
        with pytest.raises(ModelProcessError, match="cannot be read"):
            ask(process, request(write(tmp_path / "secret")))
    finally:
        process.close()


def test_progress_ends_with_the_last_row(hosts: Hosts, tmp_path: Path) -> None:
    """A person who waits sees how far it is."""
    process = hosts.open_data([tmp_path], limit_bytes=GIB)
    told = ask(process, request(WRITERS["CSV"][0](tmp_path)))
    process.close()
    assert told[-1] == (ROWS, ROWS)


def test_more_than_was_granted_is_refused_before_it_is_written(hosts: Hosts, tmp_path: Path) -> None:
    """A small file may hold large arrays; the sentence says how large."""
    process = hosts.open_data([tmp_path], limit_bytes=100)
    with pytest.raises(ModelProcessError, match=r"more than the .* that prepared data may take") as caught:
        ask(process, request(WRITERS["CSV"][0](tmp_path), limit_bytes=100))
    process.close()
    assert "retention.prepared_gib" in caught.value.hint


def test_a_limit_of_the_disk_is_one_sentence(hosts: Hosts, tmp_path: Path) -> None:
    """The kernel refuses what was granted to a file; the estimate is not trusted with the disk."""
    process = hosts.open_data([tmp_path], limit_bytes=1000)
    with pytest.raises(ModelProcessError, match=r"takes more room|take more than") as caught:
        ask(process, request(WRITERS["CSV"][0](tmp_path)))
    process.close()
    assert "\n" not in caught.value.message


def test_a_reader_that_dies_is_one_sentence(hosts: Hosts, tmp_path: Path) -> None:
    """A parser that crashes costs its file, and says that it was the data."""
    process = hosts.open_data([tmp_path], limit_bytes=GIB)
    os.kill(process.pid, signal.SIGSEGV)
    with pytest.raises(ModelProcessError, match="The data reader crashed while it read the data"):
        ask(process, request(WRITERS["CSV"][0](tmp_path)))
    process.close()


@pytest.mark.parametrize("planted", ["link", "folder", "more", "hard link"])
def test_what_was_not_told_is_not_taken(hosts: Hosts, planted: str, tmp_path: Path) -> None:
    """A reader in the hands of its data may leave anything in its scratch folder."""
    process = hosts.open_data([tmp_path], limit_bytes=GIB)
    ask(process, request(WRITERS["CSV"][0](tmp_path)))
    folder = Path(process.scratch, "prepared")
    if planted == "link":
        (folder / "targets.npy").unlink()
        (folder / "targets.npy").symlink_to("/etc/passwd")
    elif planted == "folder":
        (folder / "more").mkdir()
    elif planted == "more":
        (folder / "more").write_text("more")
    else:
        (tmp_path / "other").hardlink_to(folder / "targets.npy")
    with pytest.raises(ModelProcessError, match="nonsense"):
        process.take(tmp_path / "taken")
    process.close()
    assert not (tmp_path / "taken").exists()


def test_arrays_that_were_cut_short_are_noticed(hosts: Hosts, tmp_path: Path) -> None:
    """Mapping the missing part would end the model's process."""
    prepared(hosts, WRITERS["CSV"][0](tmp_path), tmp_path / "taken")
    with (tmp_path / "taken/targets.npy").open("r+b") as stream:
        stream.truncate(140)
    with pytest.raises(Exception, match="prepared copy of the data is damaged"):
        open_dataset(tmp_path / "taken", ())
    assert (tmp_path / "taken" / MANIFEST).exists()
