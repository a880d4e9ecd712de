"""The page about figures, made from the registry of metrics.

``python -P -m engine.metrics_reference > docs/metrics.md`` writes it; a test fails where the page says something else.
It must not know any metric by name: what is particular to one stands in its specification.
"""

import sys
from collections.abc import Iterable

from engine.evaluation.metrics import label_metrics, metrics_for
from engine.evaluation.specs import MetricSpec
from storage.vocabulary import Task

INTRODUCTION = """# Metrics

Every figure comes with a 95 % confidence interval and with `n`, the number of examples behind it. Tests compare each value with
scikit-learn's, to nine digits. Simulations show that each interval covers the true value as often as it claims, and that parts
merge into the whole (`tests/contract/test_metrics.py`).
"""

ENDING = """
## How outputs are read

A classifier's outputs are

- *probabilities* if every row lies between 0 and 1 and adds up to 1;
- *scores* if they lie between 0 and 1 and do not add up (one sigmoid per class: they have no log loss, Brier score or calibration
  error);
- *logits* otherwise.

A single column stands for the second of two classes. `evaluate` says how outputs were read, and `model.toml` can override it:

```toml
[output]
name = "probabilities"   # or index = 1, if the model has several outputs
scale = "logits"         # probabilities, scores or logits
threshold = 0.3          # two classes or labels: predicted above this probability; default 0.5

[metrics]
top_k = 3                # default 5
```

Targets with a column of 0 and 1 for each output, and any number of ones in a row, are *labels*: each output is a question of its own.

## Parts of the examples

Figures of each class or label are kept beside the overall ones (for up to 256 of them). Columns of the data can define further parts,
up to 50 values per column:

```toml
[data]
slices = ["shop", "year"]
```

`evaluate` prints the worst part first; `--json` has every figure of every part.

## Areas under curves

ROC AUC and average precision need every score. Four million scores are kept (400,000 examples of ten classes). Beyond that, an even,
seeded sample of the examples is used, and `n` says how many.

## Your own metrics

To add metrics of your own, name a Python file in the model's folder under `models/`:

```toml
[metrics]
file = "metrics.py"
```

Each public function of that file is a metric. It takes the targets and outputs of some examples, and returns one number for each.

```python notest
import numpy as np

PRICES = np.array([1.0, 5.0, 2.0])


def cost(targets, outputs):
    # targets: one class an example; outputs: one row of scores an example, as the model gave them
    return (outputs.argmax(axis=1) != targets) * PRICES[targets]
```

The figure is their mean, with Student's interval. In a gate, larger counts as better. Such a file is code: it runs in the model's
process, in the same sandbox, and only if `modeltender.toml` allows it:

```toml
[trust]
own_metrics = true
```
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            INTRODUCTION,
            "## One class an example\n",
            *_table(metrics_for(Task.CLASSIFICATION)),
            "\n## Several labels an example\n",
            *_table(label_metrics(), labels=True),
            "\n## Regression\n",
            *_table(metrics_for(Task.REGRESSION)),
            "\nOf several values an example, the figures are the plain means over the values, and each value has its own.",
            ENDING,
        ]
    )


def _table(specs: Iterable[MetricSpec], *, labels: bool = False) -> list[str]:
    rows = [
        f"| `{spec.name}` | {spec.title} | {'higher' if spec.higher_is_better else 'lower'} | {(labels and spec.label_interval) or spec.interval} | {spec.source} |"
        for spec in specs
    ]
    return ["| figure | what it is | better | interval | source |", "|---|---|---|---|---|", *rows]


if __name__ == "__main__":
    sys.stdout.write(page())
