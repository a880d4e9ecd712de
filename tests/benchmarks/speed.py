"""How fast examples are evaluated and single queries answered, beside hand-written loops and beside other tools."""

import tempfile
from pathlib import Path

from storage.vocabulary import Format
from tests.benchmarks import apart, networks, onnx_tool
from tests.benchmarks.figure import Figure
from tests.benchmarks.loops import BY_HAND
from tests.benchmarks.stage import Stage

ROWS = {"dense": 10_000, "cnn": 10_000, "mobilenet": 640}
"""Examples of each network: between a fortieth of a second and two seconds of work."""

SMALL = ("dense", "cnn")


def run(stage: Stage) -> list[Figure]:
    """Measure every network in every format against its loop, and the Keras files against other tools."""
    del stage  # no engine takes part: this is about the code that runs in a model process
    figures = []
    with tempfile.TemporaryDirectory(prefix="modeltender-speed-") as name:
        folder = Path(name)
        networks.build(folder)
        for network, rows in ROWS.items():
            networks.examples(network, rows, folder / f"{network}.npz")
            for kind in BY_HAND:
                figures += _beside_a_loop(folder, network, kind)
        for network in ROWS:
            figures += _beside_others(folder, network)
            figures += _beside_onnx_runtime(folder, network)
    return figures


def _beside_a_loop(folder: Path, network: str, kind: Format) -> list[Figure]:
    artefact = folder / networks.FILES[kind].format(network)
    data = folder / f"{network}.npz"
    found = apart.ask(dict[str, float], "loops", kind, str(artefact), str(data))
    single = found["single_ms"] / found["single_by_hand_ms"]
    return [
        Figure(
            f"{network}, {kind}: examples a second in the loop (batches of {found['batch']:.0f})",
            f"{found['loop']:,.0f}",
            f"{found['loop_by_hand']:,.0f}: best hand-written loop (batches of {found['batch_by_hand']:.0f})",
            f"{found['loop_ratio']:.2f}x",
            "0.95x",
            found["loop_ratio"] >= 0.95 and found["accuracy"] == found["accuracy_by_hand"],
        ),
        Figure(
            f"{network}, {kind}: examples a second with {found['figures']:.0f} figures and their intervals",
            f"{found['whole']:,.0f}",
            f"{found['whole_by_hand']:,.0f}: that loop and scikit-learn, without intervals",
            f"{found['whole_ratio']:.2f}x",
            "1x",
            found["whole_ratio"] >= 1,
        ),
        Figure(
            f"{network}, {kind}: median of single queries",
            f"{found['single_ms']:.4f} ms",
            f"{found['single_by_hand_ms']:.4f} ms: bare loop",
            f"{single:.2f}x",
            "1.05x",
            single <= 1.05,
        ),
    ]


def _beside_onnx_runtime(folder: Path, network: str) -> list[Figure]:
    """Compare with the loop that ONNX Runtime ships to measure itself."""
    artefact = folder / networks.FILES[Format.ONNX].format(network)
    found = apart.ask(dict[int, onnx_tool.Beside], "onnx_tool", str(artefact), str(folder / f"{network}.npz"))
    return [
        Figure(
            f"{network}.onnx: examples a second {'one by one' if size == 1 else f'in batches of {size}'}, against onnxruntime_test",
            f"{size / beside.ours_s:,.0f}",
            f"{size / beside.tool_s:,.0f}: one random batch again and again, no answer looked at",
            f"{beside.ratio:.2f}x",
            "0.9x",
            beside.ratio >= 0.9,
        )
        for size, beside in found.items()
    ]


def _beside_others(folder: Path, network: str) -> list[Figure]:
    """Compare with what people use."""
    found = apart.ask(
        dict[str, dict[str, float]], "peers", str(folder / f"{network}.keras"), str(folder / f"{network}.npz")
    )
    ours = found.pop("modeltender")
    figures = []
    for name, theirs in found.items():
        gain = ours["throughput"] / theirs["throughput"]
        promised = 4.0 if name == "keras evaluate" and network in SMALL else 1.0
        same = abs(ours["accuracy"] - theirs["accuracy"]) < 1e-6
        figures.append(
            Figure(
                f"{network}.keras: examples a second against {name}",
                f"{ours['throughput']:,.0f}",
                f"{theirs['throughput']:,.0f}",
                f"{gain:.1f}x",
                f"{promised:.0f}x, same accuracy",
                gain >= promised and same,
            )
        )
    return figures
