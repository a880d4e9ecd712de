"""The first ``model.toml`` of a model, from what was found out about it: pure, and for a person to look at first.

What was measured, or what the data ask for, stands as a setting. What only the owner can decide (what the classes are
called, how good is good enough) stands as a comment with the figure beside it; nothing is made up.
"""

from collections.abc import Iterator

from storage.records import Evaluation, Model, Version
from storage.tables.evaluations import headline
from storage.text import NAME, clean
from storage.vocabulary import Task
from tui.commands.figures import with_interval

ROOM = 2.0
"""How many times the latency that was seen is proposed as a limit: the same machine on a busy day."""


def proposed(model: Model, version: Version | None) -> str:
    """Return the text of a model's settings, made from what is known of one of its versions."""
    parts = ["\n".join(_head(model, version))]
    if version is not None and version.failure is not None and version.failure.proposal:
        parts.append(f"# With this the data fit the model:\n{version.failure.proposal}")
    evaluation = version.evaluation if version else None
    if version is not None and evaluation is not None:
        parts.append("\n".join(_objectives(evaluation, version)))
    parts.append(
        "[gate]\n"
        "# What a new version must show before it may be promoted:\n"
        "# margin = 0.005  # how much worse it may be; less takes more examples to show"
    )
    return "\n\n".join(parts) + "\n"


def _head(model: Model, version: Version | None) -> Iterator[str]:
    yield f"# How {clean(model.name, NAME)} is measured and judged."
    task, why = _task(version)
    if task is None:
        yield f'# task = "{Task.CLASSIFICATION}"  # or "{Task.REGRESSION}"'
    else:
        yield f'task = "{task}"  # {why}'
    classes = _answers(version)
    if classes > 1 and task is Task.CLASSIFICATION:
        yield f'# labels = ["a", "b"]  # what the {classes} classes are called, in the order of the outputs'


def _task(version: Version | None) -> tuple[Task | None, str]:
    """Return what the model is asked to do, and from what that is seen."""
    if version is None:
        return None, ""
    metric = headline(version.evaluation)
    if metric is not None:
        return (
            Task.REGRESSION if metric.name == "r2" else Task.CLASSIFICATION,
            f"as v{version.number} was measured",
        )
    answers = _answers(version)
    if answers > 1:
        return Task.CLASSIFICATION, f"v{version.number} answers an example with {answers} numbers"
    return None, ""


def _answers(version: Version | None) -> int:
    """Return how many numbers a version answers an example with, or 0 where that is not known."""
    outputs = version.loading.outputs if version and version.loading else ()
    shape = outputs[0].shape if len(outputs) == 1 else None
    return (shape[1] or 0) if shape is not None and len(shape) == 2 else 0


def _objectives(evaluation: Evaluation, version: Version) -> Iterator[str]:
    yield "[objectives]"
    yield f"# What good means; each line becomes a check. Beside it what v{version.number} has shown:"
    metric, latency = headline(evaluation), evaluation.latency
    if metric is not None:
        # More of a headline figure is better, whichever it is: what is surely reached is the lower end.
        least = metric.value if metric.low is None else metric.low
        yield f'# {metric.name} = ">= {least:.4g}"  # {with_interval(metric)} of {metric.n:,} examples'
    if latency is not None and latency.p95_ms is not None:
        yield f'# latency_p95_ms = "<= {ROOM * latency.p95_ms:.3g}"  # {latency.p95_ms:.3g} on {evaluation.device}'
