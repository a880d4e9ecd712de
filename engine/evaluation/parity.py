"""Whether two models give the same outputs on the same examples.

Pure. It owns what "the same" means where a conversion leaves the numbers as they are: within `TOLERANCE` of the largest
output. Accuracy alone would not show a conversion that is a little wrong everywhere.
"""

from typing import Final

import numpy as np

from engine.processes.export_messages import Predicted
from storage.errors import OWN_SETTINGS, JobError
from storage.exported import Parity
from storage.vocabulary import Task

TOLERANCE: Final = 1e-4
"""Share of the largest output (or of 1, where all are smaller). Kernels that add float32 numbers in another order differ by
some 1e-6 in a shallow network and 1e-5 in a deep one; a wrong layout, padding or epsilon differs by far more."""


def parity(before: Predicted, after: Predicted, *, dataset: str, task: Task, lossless: bool) -> Parity:
    """Return how far the outputs ``after`` lie from those ``before``.

    Raises:
        JobError: they are not about the same, or hold no numbers.
    """
    if before.dataset_sha256 != after.dataset_sha256:
        raise JobError(f"{dataset} changed while the model was exported.", "Try again when it is complete.")
    if before.width != after.width:
        raise JobError(
            f"The exported model gives {after.width} numbers for an example, and the original {before.width}.",
            f"Name the output with the predictions in {OWN_SETTINGS}: [output] name or index.",
        )
    rows = min(before.rows, after.rows)
    old, new = (
        np.frombuffer(one.values, "<f4").reshape(one.rows, one.width)[:rows].astype(np.float64)
        for one in (before, after)
    )
    for which, values in (("The original", old), ("The exported model", new)):
        if not np.isfinite(values).all():
            raise JobError(f"{which} answers NaN or infinity on {dataset}: nothing can be compared.")
    apart = np.abs(new - old)
    agreement = None
    if task is Task.CLASSIFICATION and before.width > 1:
        agreement = float(np.mean(old.argmax(axis=1) == new.argmax(axis=1)))
    return Parity(
        dataset=dataset,
        n=rows,
        max_difference=float(apart.max()),
        mean_difference=float(apart.mean()),
        agreement=agreement,
        tolerance=TOLERANCE * max(1.0, float(np.abs(old).max())) if lossless else None,
    )


def broken(found: Parity) -> bool:
    """Whether outputs that should be the same are not."""
    return found.tolerance is not None and found.max_difference > found.tolerance
