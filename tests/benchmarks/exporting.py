"""What exporting takes, and what the best variant of the sample network gains, beside Keras' own call.

``python -P -m tests.benchmarks.exporting MODEL.keras DATA.npz`` times ``model(x)`` alone, as people call a Keras model.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from storage.vocabulary import Verdict
from tests.benchmarks import apart
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

MODEL, VERSION = "mnist", 2
"""The convolutional network of the samples."""

QUERIES = 300
NOT_WORSE = frozenset({Verdict.SUPERIOR, Verdict.NON_INFERIOR})


def run(stage: Stage) -> list[Figure]:
    """Export once warm, try every variant, and time Keras beside them."""
    name = f"{MODEL}@{VERSION}"
    stage.run("export", name, "--to", "saved-model")
    made = stage.run("export", name, "--to", "litert", "--quantize", "int8")
    stage.settle()
    tried = stage.run("optimise", name)
    artefact = stage.workspace.version_folder(MODEL, VERSION) / "model.keras"
    keras_ms = apart.ask(float, "exporting", str(artefact), str(stage.workspace.test / MODEL / "test.npz"))
    rows = {row["name"]: row for row in tried["variants"]}
    best = rows[tried["recommended"]] if tried["recommended"] else tried["variants"][0]
    saved = rows["saved-model"]
    # Both were run in turns with the original, so that their quotient is free of drift.
    over_saved = best["faster"] / saved["faster"]
    points = 100 * best["advantage"]
    return [
        Figure(
            f"best variant of the sample CNN ({best['name']}), single queries, against Keras' `model(x)`",
            f"{best['p50_ms']:.4f} ms",
            f"{keras_ms:.3f} ms: model(x)",
            f"1/{keras_ms / best['p50_ms']:.0f}",
            "1/5",
            keras_ms / best["p50_ms"] >= 5,
        ),
        Figure(
            "the same against its SavedModel, each in turns with the original",
            f"{best['p50_ms']:.4f} ms",
            f"{saved['p50_ms']:.3f} ms: SavedModel",
            f"1/{over_saved:.0f}",
            "1/3",
            over_saved >= 3,
        ),
        Figure(
            f"its accuracy beside the original's on {tried['n']} validation images",
            f"{points:+.2f} points [{100 * best['low']:+.2f}, {100 * best['high']:+.2f}]",
            "",
            str(best["verdict"]),
            "non-inferior",
            best["verdict"] in NOT_WORSE,
        ),
        Figure(
            "export to LiteRT int8 with its parity on outputs, host warm",
            f"{made['duration_s']:.1f} s",
            "",
            "",
            "10 s",
            made["duration_s"] <= 10,
        ),
    ]


def main(artefact: Path, data: Path) -> float:
    """Return the median of single calls of a Keras model in milliseconds."""
    import keras
    import numpy as np

    model = keras.saving.load_model(artefact, compile=False)
    images = (np.load(data)["x"][:QUERIES].astype("float32") / 255)[..., None]
    durations = []
    for number in range(-20, QUERIES):
        image = images[number][None]
        began = time.perf_counter()
        model(image, training=False).numpy()
        if number >= 0:
            durations.append((time.perf_counter() - began) * 1000)
    return statistics.median(durations)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
