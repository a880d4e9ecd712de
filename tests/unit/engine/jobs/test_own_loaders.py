"""Weights with a loader of their owner's, as jobs see them: real files, real confined processes."""

from collections.abc import Iterator

import pytest

from engine.processes.endings import ModelProcessError
from storage.errors import JobError
from storage.records import Evaluation, Version
from storage.settings import Trust, WorkspaceSettings
from storage.tables import models
from storage.vocabulary import Format, Status
from tests.artefacts import record_version
from tests.data_files import npz
from tests.tiny_models import LOADER, save_safetensors
from tests.unit.engine.jobs.test_evaluate_data import Bench, accuracy, bench, expected

__all__ = ["bench"]

NAMED = '[runtime]\nloader = "loader.py"\n'


class Weights:
    """Version 2 of the classifier of digits: its weights, which nobody has loaded yet."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        folder = bench.context.workspace.version_folder("digits", 2)
        folder.mkdir()
        file = save_safetensors(folder / "model.safetensors")
        self.loader = folder.parent / "loader.py"
        with bench.context.writer.transaction() as connection:
            record_version(connection, "digits", 2, file, Format.SAFETENSORS, status=Status.CHECKING, at=2.0)

    def trust(self, *, own_loaders: bool = True) -> None:
        """Say in the workspace's settings whether such files are run."""
        settings = WorkspaceSettings(trust=Trust(own_loaders=own_loaders))
        self.bench.context = self.bench.context._replace(settings=settings)

    def evaluate(self) -> Evaluation:
        """Evaluate the weights."""
        return self.bench.evaluate(2)

    def version(self) -> Version:
        """Return what is on record."""
        with self.bench.context.writer.transaction() as connection:
            return next(one for one in models.versions(connection, "digits") if one.number == 2)

    def refused(self) -> str:
        """Evaluate, which fails; return why, as it is on record too."""
        with pytest.raises(JobError) as caught:
            self.evaluate()
        assert (self.version().status, self.version().reason) == (Status.FAILED, caught.value.message)
        assert caught.value.hint
        return caught.value.message


@pytest.fixture
def weights(bench: Bench) -> Iterator[Weights]:
    """Return weights beside the same model as ONNX, and data for both."""
    bench.put(npz)
    yield Weights(bench)
    bench.context.pool.close()


def test_without_a_loader_the_reason_says_what_to_write(weights: Weights) -> None:
    """Whoever has weights only reads how they become a version."""
    assert weights.refused() == (
        "model.safetensors holds weights only: write load(weights, device) into models/digits/loader.py, "
        'and say in model.toml: [runtime] loader = "loader.py".'
    )


def test_a_loader_is_not_run_without_the_owners_word(weights: Weights) -> None:
    """It is code: the sentence says where it would be allowed."""
    weights.bench.settings(NAMED)
    weights.loader.write_text(LOADER)
    assert weights.refused() == (
        "loader.py was not run: it is code, and modeltender.toml does not say [trust] own_loaders = true."
    )


def test_weights_with_a_loader_are_a_version_like_any_other(weights: Weights) -> None:
    """The same classifier gets the same figure as its ONNX file, and both compare."""
    weights.bench.settings(NAMED)
    weights.loader.write_text(LOADER)
    weights.trust()
    found = weights.evaluate()
    assert accuracy(found) == pytest.approx(expected(), abs=1e-9)
    assert (found.runtime, found.isolation) == ("safetensors-torch", "full")
    assert (weights.version().status, weights.version().parameters) == (Status.READY, 650)
    as_onnx = weights.bench.evaluate(1)
    assert as_onnx.preprocessing_sha256 == found.preprocessing_sha256


def test_a_changed_loader_is_another_model(weights: Weights) -> None:
    """Its content is what is run, not what a warm process remembers, and its figures do not compare with earlier ones."""
    weights.bench.settings(NAMED)
    weights.loader.write_text(LOADER)
    weights.trust()
    first = weights.evaluate()
    weights.loader.write_text(LOADER.replace("powers /", "-powers /"))
    second = weights.evaluate()
    assert accuracy(second) < accuracy(first)
    assert second.preprocessing_sha256 != first.preprocessing_sha256
    assert len(weights.bench.context.pool) == 2


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "The loader of digits cannot be read from loader.py: No such file or directory"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"#" * (1024 * 1024 + 1), "it is larger than 1 MiB"),
    ],
)
def test_a_loader_that_cannot_be_read_is_a_sentence(
    weights: Weights, source: bytes | None, words: str
) -> None:
    """The version fails with the reason, and the setting is named."""
    weights.bench.settings(NAMED)
    weights.trust()
    if source is not None:
        weights.loader.write_bytes(source)
    assert words in weights.refused()


def test_a_loader_that_is_a_link_is_not_followed(weights: Weights) -> None:
    """What is run lies in the model's own folder."""
    weights.bench.settings(NAMED)
    weights.trust()
    elsewhere = weights.bench.context.workspace.root / "elsewhere.py"
    elsewhere.write_text(LOADER)
    weights.loader.symlink_to(elsewhere)
    assert "it is a symbolic link; copy the file itself" in weights.refused()


def test_a_loader_that_fails_is_named_with_its_line(weights: Weights) -> None:
    """Its author reads where; the version that was ready before is not any more."""
    weights.bench.settings(NAMED)
    weights.trust()
    weights.loader.write_text("def load(weights, device):\n    return weights['kernle']\n")
    with pytest.raises(ModelProcessError) as caught:
        weights.evaluate()
    assert caught.value.message == "loader.py failed in load, line 2: KeyError: 'kernle'."
    assert weights.version().status is Status.FAILED
