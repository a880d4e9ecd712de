"""The present figures as OpenMetrics 1.0 text, which is valid in Prometheus' older format too.

Owns how families and samples are written, and that what is told of a model is written once for as long as nothing is
written about that model: of thousands, few change between two scrapes. What is told is `storage.openmetrics`'.
"""

from functools import lru_cache
from math import isfinite
from typing import Final, NamedTuple

from storage.openmetrics import FAMILIES, UP, Family, Labels, Look, Sample
from storage.records import Model

KIND: Final = "gauge"
"""Every figure is a present one. Of the types it is also the one that the older format of Prometheus shares, which node
exporter reads files in: the text is valid as either."""

EXPOSED: Final = (UP, *FAMILIES)

OF_MODELS: Final = tuple(family for family in EXPOSED if family.of_models)

LABELS: Final = 4096
"""Labels whose text stays as it was written: those of one model come again with each of its figures, those of metrics and
roles with each model."""


class Told(NamedTuple):
    """What is told of one model."""

    model: Model
    samples: tuple[bytes, ...]
    """A text for each of `OF_MODELS`."""


class Exposition:
    """The whole text, again and again: what was told of a model that is as it was is not written anew."""

    def __init__(self) -> None:
        self._told: dict[int, Told] = {}

    def text(self, look: Look) -> bytes:
        """Return the present text."""
        self._told = {model.id: self._of(look, model) for model in look.models}
        told = zip(*(one.samples for one in self._told.values()), strict=True)
        of_models = dict(zip(OF_MODELS, map(b"".join, told), strict=True)) if self._told else {}
        parts = []
        for family in EXPOSED:
            samples = of_models.get(family, b"") if family.of_models else _samples(family, look)
            if samples:
                parts += [_head(family), samples]
        return b"".join([*parts, b"# EOF\n"])

    def _of(self, look: Look, model: Model) -> Told:
        told = self._told.get(model.id)
        if told is not None and told.model == model:
            return told
        alone = look.at(model)
        return Told(model, tuple(_samples(family, alone) for family in OF_MODELS))


def _head(family: Family) -> bytes:
    name = family.full_name
    unit = f"# UNIT {name} {family.unit}\n" if family.unit else ""
    return f"# TYPE {name} {KIND}\n{unit}# HELP {name} {_escaped(family.help)}\n".encode()


def _samples(family: Family, look: Look) -> bytes:
    name = family.full_name
    return "".join([_line(name, sample) for sample in family.collect(look)]).encode()


def _line(name: str, sample: Sample) -> str:
    return f"{name}{_labels(sample.labels)} {_number(sample.value)}\n"


def _labels(labels: Labels) -> str:
    return "{" + ",".join([_label(*label) for label in labels]) + "}" if labels else ""


@lru_cache(maxsize=LABELS)
def _label(name: str, value: str) -> str:
    return f'{name}="{_escaped(value)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if isfinite(value):
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
    return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"  # noqa: PLR0124 - only NaN differs from itself
