"""What people write to go on training a model: load, compile, ``fit``, save. Prints the seconds of each epoch as JSON.

``python -P -m tests.benchmarks.bare_fit MODEL TRAIN VALIDATION EPOCHS OUTPUT``
"""

import json
import sys
import time
from typing import Any


def main() -> None:
    """Train, and tell how long each epoch took."""
    import keras
    import numpy as np

    artefact, train, validation, epochs, output = sys.argv[1:]
    model = keras.models.load_model(artefact, compile=False)
    shape = (-1, *model.input_shape[1:])
    parts = [
        ((np.load(file)["x"].astype(np.float32) / 255).reshape(shape), np.load(file)["y"].astype(np.int64))
        for file in (train, validation)
    ]
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    seconds: list[float] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        """Takes the time of each epoch, validation included."""

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            """Begin."""
            del epoch, logs
            seconds.append(-time.perf_counter())

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            """End."""
            del epoch, logs
            seconds[-1] += time.perf_counter()

    model.fit(
        *parts[0],
        batch_size=128,
        epochs=int(epochs),
        validation_data=parts[1],
        verbose=0,
        callbacks=[Clock()],
    )
    model.save(output)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
