"""Puts candidates into a sample workspace, one for each answer that a promotion's gate can give.

``python -P -m sample_models.candidates DIR`` does it from a shell, to a workspace that ``modeltender init DIR --sample``
made. Owns which candidates there are and what the gate is expected to say of them; they are trained with the other
samples, by `sample_models.onnx_models`.
"""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from sample_models import cache, training
from sample_models.build import INSTALL
from storage.errors import Error, JobError
from storage.vocabulary import Verdict

ARTEFACT = "model.onnx"


class Candidate(NamedTuple):
    """A version that may follow the deployed one."""

    model: str
    number: int
    file: str
    """The artefact, as ``family/file``."""
    what: str
    verdict: Verdict
    """What the gate says of it, the candidates being promoted in this order."""


CANDIDATES = (
    Candidate(
        "mnist-onnx", 2, "onnx_models/digits-worse.onnx", "saw a tenth of the examples", Verdict.INFERIOR
    ),
    Candidate(
        "mnist-onnx",
        3,
        "onnx_models/digits-equal.onnx",
        "the deployed one in half precision: half as large",
        Verdict.NON_INFERIOR,
    ),
    Candidate(
        "mnist-onnx",
        4,
        "onnx_models/digits-better.onnx",
        "twice as wide, and saw each example in five places",
        Verdict.SUPERIOR,
    ),
    Candidate(
        "breast-cancer",
        2,
        "onnx_models/cancer-equal.onnx",
        "the deployed one in half precision; there are 200 test examples",
        Verdict.INCONCLUSIVE,
    ),
)


def artefacts() -> dict[Candidate, Path]:
    """Return where each candidate lies in the cache.

    Raises:
        Error: they cannot be made, because their framework is not installed.
    """
    made = cache.filled(lambda folder: training.train_all(folder, lambda _: None))
    found = {candidate: made / candidate.file for candidate in CANDIDATES}
    if not all(file.is_file() for file in found.values()):
        raise JobError("There are no candidates: their framework is not installed.", INSTALL)
    return found


def add(workspace: Path) -> None:
    """Put every candidate into its place in the workspace's ``models/``; one that is there already stays.

    Raises:
        Error: the samples cannot be made, or are not in this workspace.
    """
    for candidate, artefact in artefacts().items():
        folder = workspace / "models" / candidate.model
        if not folder.is_dir():
            raise JobError(
                f"There is no sample model {candidate.model} in {workspace}.",
                "Make a workspace of sample models with: modeltender init DIR --sample",
            )
        if (folder / str(candidate.number)).exists():
            continue
        partial = folder / f".{candidate.number}.partial"
        # What an interrupted run left behind.
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        shutil.copyfile(artefact, partial / ARTEFACT)
        partial.rename(folder / str(candidate.number))


def main() -> int:
    """Add the candidates to the workspace that the command line names, and return the exit status."""
    if len(sys.argv) != 2:
        print("usage: python -P -m sample_models.candidates DIR", file=sys.stderr)
        return 2
    try:
        add(Path(sys.argv[1]))
    except Error as error:
        print(f"{error.message} {error.hint}".rstrip(), file=sys.stderr)
        return int(error.exit_code)
    for candidate in CANDIDATES:
        print(
            f"modeltender promote {candidate.model}@{candidate.number}  # {candidate.what}: {candidate.verdict}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
