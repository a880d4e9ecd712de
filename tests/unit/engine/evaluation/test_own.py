"""A user's own figures: what their functions return, and what is said when they do not."""

from pathlib import Path

import numpy as np
import pytest

from engine.evaluation.measure import evaluate
from engine.processes.protocol import Evaluate, Evaluated, OwnMetrics
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.settings import Preprocess
from storage.vocabulary import Task
from tests.unit.engine.evaluation.passing import answers_file, passing

COSTS = """
import numpy as np

PRICES = np.array([1.0, 5.0, 2.0])


def _price(targets):
    return PRICES[targets]


def cost(targets, outputs):
    wrong = outputs.argmax(axis=1) != targets
    outputs[:] = 0  # what a function does to its arrays is its own affair
    return wrong * _price(targets)


def confidence(targets, outputs):
    return outputs.max(axis=1)
"""

SCORES = np.random.default_rng(0).random((90, 3)).astype(np.float32)
TARGETS = np.arange(90) % 3


def judge(folder: Path, source: str, task: Task = Task.CLASSIFICATION, *slices: str) -> Evaluated:
    """Evaluate with the metrics of a file."""
    width = 3 if task is Task.CLASSIFICATION else 1
    model = load(passing(folder / "m.onnx", ["n", width]), "cpu")
    data = answers_file(folder / "test.npz", SCORES[:, :width], TARGETS)
    if slices:
        np.savez(data, x=SCORES, y=TARGETS, shop=np.arange(90) // 45)
    own = OwnMetrics("metrics.py", source)
    request = Evaluate(str(data), task, (), Preprocess(), 40, slices=slices, own=own)
    return evaluate(model, request, lambda _done, _total: None)


def test_a_function_is_a_figure(tmp_path: Path) -> None:
    """The mean over the examples, with its interval; names that begin with _ are the file's own."""
    found = {metric.name: metric for metric in judge(tmp_path, COSTS).metrics if not metric.slice}
    values = (SCORES.argmax(axis=1) != TARGETS) * np.array([1.0, 5.0, 2.0])[TARGETS]
    assert found["cost"].value == pytest.approx(values.mean(), rel=1e-12)
    assert found["cost"].n == 90
    reach = 1.98698 * values.std(ddof=1) / np.sqrt(90)
    assert found["cost"].high == pytest.approx(values.mean() + reach, rel=1e-5)
    assert found["confidence"].value == pytest.approx(SCORES.max(axis=1).mean(), rel=1e-6)
    assert "price" not in found
    assert "_price" not in found


def test_parts_have_it_too(tmp_path: Path) -> None:
    """As every other figure."""
    metrics = judge(tmp_path, COSTS, Task.CLASSIFICATION, "shop").metrics
    found = {metric.slice: metric.value for metric in metrics if metric.name == "confidence"}
    assert found["shop=1"] == pytest.approx(SCORES[45:].max(axis=1).mean(), rel=1e-6)


def test_values_have_it_too(tmp_path: Path) -> None:
    """Regression gives one row of values an example."""
    source = "def over(targets, outputs):\n    return (outputs > targets)[:, 0]\n"
    found = {metric.name: metric.value for metric in judge(tmp_path, source, Task.REGRESSION).metrics}
    assert found["over"] == pytest.approx((SCORES[:, 0] > TARGETS).mean())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def cost(:\n", "metrics.py does not run, line 1: SyntaxError"),
        ("x = 1\nraise ValueError('bad\\x1b[2J')", r"metrics.py does not run, line 2: ValueError: bad"),
        ("import numpy as np\nx = 1\n", "metrics.py has 0 public functions"),
        ("def accuracy(t, o):\n    return t\n", "metrics.py defines accuracy, which is a figure already"),
        (
            "def cost(t, o):\n    return 1 / 0\n",
            "failed in cost, line 2: ZeroDivisionError: division by zero",
        ),
        ("def cost(t, o):\n    return 0.5\n", r"cost of metrics.py gave \[\] for 90 examples"),
        ("def cost(t, o):\n    return o\n", r"cost of metrics.py gave \[90, 3\] for 90 examples"),
        ("def cost(t, o):\n    return t * float('nan')\n", "cost of metrics.py gave NaN or infinity"),
        ("def cost(t):\n    return t\n", "failed in cost: TypeError"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, source: str, words: str) -> None:
    """Its author reads where, not a traceback."""
    with pytest.raises(JobError, match=words) as caught:
        judge(tmp_path, source)
    assert "\x1b" not in caught.value.message
    assert "one number for each" in caught.value.hint
