"""What MLflow itself makes of model folders: ``python -m tests.mlflow_answers EXAMPLES FOLDER...``, with MLflow on the path.

Loads each folder by its generic flavour, asks it for the examples, and writes the answers beside its ``MLmodel``.
"""

import sys
from pathlib import Path

import mlflow
import numpy as np


def main(examples: Path, folders: list[Path]) -> None:
    """Answer by each folder."""
    for folder in folders:
        model = mlflow.pyfunc.load_model(str(folder))
        given = np.load(examples.with_name(f"{folder.name}.npy"))
        names = model.metadata.get_input_schema().input_names()
        answer = model.predict({names[0]: given} if names[0] else given)
        if isinstance(answer, dict):
            [answer] = answer.values()
        np.save(folder / "answers.npy", np.asarray(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
