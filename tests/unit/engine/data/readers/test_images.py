"""Reading folders of images: order, size, and files that want too much."""

import struct
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.data.readers import Reading, images, open_source
from storage.errors import JobError

GREY = np.arange(20, dtype=np.uint8).reshape(4, 5)
COLOUR = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


def put(folder: Path, name: str, image: "NDArray[Any]" = GREY, mode: str | None = None) -> None:
    """Save an image below the folder ``test``."""
    path = folder / "test" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    found = Image.fromarray(image)
    (found.convert(mode) if mode else found).save(path)


def read(folder: Path, **reading: Any) -> "tuple[NDArray[Any], list[str]]":
    """Return images and classes."""
    with closing(open_source(folder / "test", Reading(**reading))) as source:
        found = source.read(0, source.rows)
        return found["x"], found["y"].tolist()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of some bytes that claims to be enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_classes_are_folders_in_order_of_their_names(tmp_path: Path) -> None:
    """As Keras and torchvision sort them; hidden files and others than images are passed over."""
    for name in ("dog/2.png", "cat/b.png", "cat/a.png", "dog/more/1.png"):
        put(tmp_path, name)
    (tmp_path / "test/cat/notes.txt").write_text("none")
    (tmp_path / "test/.thumbs").mkdir()
    (tmp_path / "test/empty").mkdir()
    _found, classes = read(tmp_path)
    assert classes == ["cat", "cat", "dog", "dog"]


@pytest.mark.parametrize(
    ("kept", "channels", "shape"),
    [
        (GREY, 0, (4, 5, 1)),
        (COLOUR, 0, (4, 5, 3)),
        (GREY, 3, (4, 5, 3)),
        (COLOUR, 1, (4, 5, 1)),
        (COLOUR, 4, (4, 5, 4)),
    ],
)
def test_channels_are_the_images_or_what_was_asked_for(
    kept: "NDArray[Any]", channels: int, shape: tuple[int, ...], tmp_path: Path
) -> None:
    """A model says how many it takes."""
    put(tmp_path, "a/1.png", kept)
    found, _classes = read(tmp_path, channels=channels)
    assert found.shape == (1, *shape)
    if channels == 0:
        assert np.array_equal(found[0].squeeze(), kept)


@pytest.mark.parametrize("ending", ["bmp", "gif", "webp", "ppm", "tif"])
def test_formats_that_lose_nothing_give_the_same(ending: str, tmp_path: Path) -> None:
    """Every format that is allowed can be read."""
    path = tmp_path / f"test/a/1.{ending}"
    path.parent.mkdir(parents=True)
    Image.fromarray(COLOUR if ending != "gif" else GREY).save(path, lossless=ending == "webp")
    found, _classes = read(tmp_path, channels=3)
    expected = COLOUR if ending != "gif" else np.repeat(GREY[..., np.newaxis], 3, axis=2)
    assert np.array_equal(found[0], expected)


def test_images_are_resized_without_aliasing(tmp_path: Path) -> None:
    """Every pixel of the source counts: a board of single pixels becomes grey, not black or white."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    put(tmp_path, "a/1.png", board)
    put(tmp_path, "a/2.png", GREY)
    found, _classes = read(tmp_path, resize=(8, 6))
    assert found.shape == (2, 8, 6, 1)
    assert abs(found[0].astype(int) - 127).max() <= 20


def test_sizes_that_differ_need_a_resize(tmp_path: Path) -> None:
    """The sentence names both images, the hint the line to write."""
    put(tmp_path, "a/1.png")
    put(tmp_path, "a/2.png", GREY[:3])
    with pytest.raises(
        JobError, match=r"test/a/2\.png is 3 x 5 pixels, but test/a/1\.png is 4 x 5"
    ) as caught:
        read(tmp_path)
    assert "resize = [height, width]" in caught.value.hint


def test_an_image_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    """Some kilobytes can ask for gigabytes; the beginning of the file tells."""
    put(tmp_path, "a/1.png")
    (tmp_path / "test/a/2.png").write_bytes(bomb(60_000, 60_000))
    with pytest.raises(JobError, match=r"test/a/2\.png claims more than 100 million pixels"):
        read(tmp_path, resize=(8, 8))


def test_what_pillow_itself_finds_too_large_is_the_same_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own limit is below ours or above, as its version pleases."""
    put(tmp_path, "a/1.png", np.zeros((50, 50), dtype=np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(JobError, match="claims more than"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"GIF89a\0\0"])
def test_a_file_that_is_no_image_is_named(content: bytes, tmp_path: Path) -> None:
    """One broken file in a hundred thousand must be findable."""
    put(tmp_path, "a/1.png")
    (tmp_path / "test/a/2.png").write_bytes(content)
    with pytest.raises(JobError, match=r"test/a/2\.png is no image that can be read"):
        read(tmp_path)


def test_an_image_that_is_cut_short_is_named(tmp_path: Path) -> None:
    """Its beginning is sound, its pixels are not."""
    noise = np.random.default_rng(0).integers(0, 255, (50, 50), dtype=np.uint8)
    put(tmp_path, "a/1.png", noise)
    path = tmp_path / "test/a/1.png"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(JobError, match=r"test/a/1\.png is no image that can be read"):
        read(tmp_path)


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    """Pillow would cut them off, and a model would see white."""
    put(tmp_path, "a/1.png", np.full((4, 5), 40_000, dtype=np.uint16))
    with pytest.raises(JobError, match="does not hold 8 bits a channel"):
        read(tmp_path)


def test_links_are_refused(tmp_path: Path) -> None:
    """What they point to lies outside the walls."""
    put(tmp_path, "a/1.png")
    (tmp_path / "test/a/2.png").symlink_to("/etc/passwd")
    with pytest.raises(JobError, match=r"test/a/2\.png is a symbolic link"):
        read(tmp_path)


def test_a_folder_without_classes_is_told_how_it_should_be(tmp_path: Path) -> None:
    """Images that lie in no folder have no class."""
    put(tmp_path, "1.png")
    with pytest.raises(JobError, match="no folders with images") as caught:
        read(tmp_path)
    assert "test/<class>/1.png" in caught.value.hint


def test_only_a_few_decoders_are_offered_a_file() -> None:
    """A file whose content is of another of Pillow's forty formats is no image here."""
    Image.init()
    assert set(images.FORMATS) <= set(Image.OPEN)
    assert len(images.FORMATS) < len(Image.OPEN) / 3
