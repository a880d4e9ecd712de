"""The four answers of a gate, each by one command on sample models: the recipe of docs/gate.md."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sample_models.candidates import CANDIDATES
from storage import launch
from storage.vocabulary import ExitCode, Verdict
from storage.workspace import Workspace

EXITS = {
    Verdict.SUPERIOR: ExitCode.DONE,
    Verdict.NON_INFERIOR: ExitCode.DONE,
    Verdict.INFERIOR: ExitCode.NO,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}

REASONS = {
    Verdict.SUPERIOR: "better beyond chance",
    Verdict.NON_INFERIOR: "a loss of 0.02 is ruled out",
    Verdict.INFERIOR: "worse beyond chance",
    Verdict.INCONCLUSIVE: "more labelled examples would decide",
}
"""What the figure's check says: the reason, or how many examples are lacking."""


def told(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as a person would."""
    return subprocess.run(
        [sys.executable, "-P", "-m", *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def demonstrated(sampled: Workspace) -> Iterator[Workspace]:
    """Return a sample workspace with its candidates; models that have none are left out, because nothing is asked of them."""
    needed = {candidate.model for candidate in CANDIDATES}
    for folder in sampled.models.iterdir():
        if folder.name not in needed:
            shutil.rmtree(folder)
    yield sampled
    launch.stop(sampled)


def test_each_answer_of_the_gate_by_one_command(demonstrated: Workspace) -> None:
    """A worse candidate is refused with the reason, an equal one passes, a better one is superior, a small test set does not decide."""
    root = str(demonstrated.root)
    added = told("sample_models.candidates", root)
    assert added.returncode == 0, added.stderr
    deployed = {candidate.model: 1 for candidate in CANDIDATES}
    assert {candidate.verdict for candidate in CANDIDATES} == set(EXITS)
    for candidate in CANDIDATES:
        name = f"{candidate.model}@{candidate.number}"
        assert f"modeltender promote {name}" in added.stdout
        said = told("tui", "promote", name, "-w", root)
        assert said.returncode == EXITS[candidate.verdict], said.stdout + said.stderr
        assert REASONS[candidate.verdict] in " ".join(said.stdout.split()), said.stdout
        if said.returncode == ExitCode.DONE:
            deployed[candidate.model] = candidate.number
        else:
            assert f"nothing changed ({candidate.verdict})" in said.stdout
        link = demonstrated.current_link(candidate.model).readlink()
        assert link == Path(str(deployed[candidate.model]))


def test_candidates_are_added_once_and_only_to_samples(sampled: Workspace, tmp_path: Path) -> None:
    """Adding them again changes nothing, and a folder without sample models is told what to do."""
    root = str(sampled.root)
    assert told("sample_models.candidates", root).returncode == 0
    artefact = sampled.version_folder("mnist-onnx", 2) / "model.onnx"
    before = artefact.stat()
    assert told("sample_models.candidates", root).returncode == 0
    assert artefact.stat() == before
    refused = told("sample_models.candidates", str(tmp_path / "empty"))
    assert refused.returncode == ExitCode.FAILED
    assert "modeltender init DIR --sample" in refused.stderr
