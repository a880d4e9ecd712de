"""Files that turn up by accident."""

from pathlib import Path

import pytest

import sample_models
from engine.runtimes import recognise
from sample_models import odd
from sample_models.build import SAMPLES, Sample, twins
from sample_models.odd import ACCIDENTS, Accident


@pytest.mark.parametrize("accident", ACCIDENTS, ids=[accident.name for accident in ACCIDENTS])
def test_an_accident_is_no_model_and_no_attack(accident: Accident, tmp_path: Path) -> None:
    """Each is told from a model by its content, and nobody is accused of anything."""
    file = accident.write(tmp_path)
    assert file == tmp_path / accident.name
    found = recognise(file)
    assert found.format is None
    assert not found.refused


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])
def test_half_a_model_is_known_to_be_incomplete(samples: Path, tmp_path: Path, sample: Sample) -> None:
    """The first half of each sample is taken for a copy that is still on its way, not for a damaged model."""
    good = samples / "models" / sample.name / "1" / sample.artefact
    found = recognise(odd.truncated(good, tmp_path))
    assert found.format is None
    assert not found.complete


@pytest.mark.usefixtures("samples")
@pytest.mark.parametrize("index", [0, 1])
def test_half_of_another_format_is_known_to_be_incomplete(tmp_path: Path, index: int) -> None:
    """So is half of a legacy file, and a folder whose largest file was cut."""
    good = twins()[index]
    assert recognise(good).format is not None
    found = recognise(odd.truncated(good, tmp_path))
    assert (found.format, found.complete) == (None, False)


def test_the_same_accidents_are_written_each_time(tmp_path: Path) -> None:
    """Even the noise is the same, so that a test that fails fails again."""
    first, second = (odd.write_all(tmp_path / name) for name in "ab")
    assert [file.name for file in first] == [accident.name for accident in ACCIDENTS]
    assert [file.read_bytes() for file in first if file.is_file()] == [
        file.read_bytes() for file in second if file.is_file()
    ]


def test_the_readme_tells_what_each_accident_is_for() -> None:
    """Who finds one of these files finds a line about it."""
    readme = Path(sample_models.__file__).with_name("README.md").read_text()
    for accident in ACCIDENTS:
        assert f"| `{accident.name}` | {accident.purpose} |" in readme
    assert f"| `truncated.*` | {odd.TRUNCATED} |" in readme
