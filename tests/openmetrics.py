"""A strict reader of OpenMetrics 1.0 text, by the standard's ABNF and its rules on names, units, order and suffixes.

It refuses whatever the standard forbids, also what Prometheus itself would forgive. Written for tests: it knows the types
that this program exposes, and no others.
"""

import re
from typing import NamedTuple

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?[Ii]nf(?:inity)?|[Nn]a[Nn]"

TYPE = re.compile(rf"# TYPE ({NAME}) (gauge|counter|info|stateset|unknown)")
UNIT = re.compile(rf"# UNIT ({NAME}) ([a-zA-Z0-9_:]+)")
HELP = re.compile(rf"# HELP ({NAME}) ((?:[^\\\n]|\\[\\n\"])*)")
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)?\}})? (?P<value>{NUMBER})")

SUFFIXES = {"gauge": "", "info": "_info", "counter": "_total", "unknown": ""}


class Exposed(NamedTuple):
    """A family of the text."""

    kind: str
    unit: str
    help: str
    samples: dict[tuple[tuple[str, str], ...], float]


def parse(text: str) -> dict[str, Exposed]:
    """Return the families of a text, or fail on the first thing that the standard forbids."""
    assert text.endswith("# EOF\n"), "the last line is # EOF"
    lines = text.removesuffix("# EOF\n").split("\n")
    assert lines.pop() == "", "each line ends with a line feed"
    found: dict[str, Exposed] = {}
    name, kind, unit, help_ = "", "", "", ""
    for line in lines:
        assert line, "there are no empty lines"
        assert "\r" not in line
        if declared := TYPE.fullmatch(line):
            assert declared[1] not in found, f"{declared[1]} is told twice, or its samples are not together"
            name, kind, unit, help_ = declared[1], declared[2], "", ""
            found[name] = Exposed(kind, unit, help_, {})
        elif declared := UNIT.fullmatch(line):
            assert declared[1] == name
            assert not found[name].samples, "a unit comes before the samples"
            assert not unit, "a unit is told once"
            unit = declared[2]
            assert name.endswith(f"_{unit}"), "a unit is the end of its family's name"
            assert kind in {"gauge", "counter", "unknown"}
            found[name] = found[name]._replace(unit=unit)
        elif declared := HELP.fullmatch(line):
            assert declared[1] == name
            assert not found[name].samples, "the help comes before the samples"
            assert not help_, "the help is told once"
            help_ = declared[2]
            found[name] = found[name]._replace(help=help_)
        else:
            _sample(line, name, found)
    return found


def _sample(line: str, name: str, found: dict[str, Exposed]) -> None:
    said = SAMPLE.fullmatch(line)
    assert said, f"no line of the format: {line!r}"
    family = found[name]
    assert said[1] == name + SUFFIXES[family.kind], f"{said[1]} is no sample of {name}, a {family.kind}"
    pairs = re.findall(LABEL, said[2] or "")
    labels = tuple((label, _unescaped(value)) for label, value in pairs)
    assert len({label for label, _ in labels}) == len(labels), "a label is told once"
    assert not any(label.startswith("__") for label, _ in labels)
    if family.kind == "info":
        assert float(said["value"]) == 1
    assert labels not in family.samples, f"two values of {line!r}"
    family.samples[labels] = float(said["value"])


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value)
