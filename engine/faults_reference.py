"""The tables of the page about maintenance, made from the registries of faults and repairs.

``python -P -m engine.faults_reference docs/maintenance.md`` writes them into the page, each between its two marks; a test
fails where the page says something else. It must not know any fault by name.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from engine.faults import ABOUT_MODELS, ABOUT_PLACE
from engine.faults.finding import FaultSpec
from engine.faults.noticed import NOTICED
from engine.repairs import REPAIRS

MARKS = ("<!-- {}: begin -->", "<!-- {}: end -->")


def tables() -> dict[str, str]:
    """Return each table by the name of its marks."""
    return {
        "models": _faults(fault.spec for fault in ABOUT_MODELS),
        "place": _faults(fault.spec for fault in ABOUT_PLACE),
        "noticed": _faults(NOTICED),
        "repairs": _repairs(),
        "sources": _sources(),
    }


def page(text: str) -> str:
    """Return a page with its tables as the registries have them."""
    for name, table in tables().items():
        begin, end = (mark.format(name) for mark in MARKS)
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    return text


def _faults(specs: Iterable[FaultSpec]) -> str:
    rows = [
        f"| `{spec.code}` | {spec.severity} | {spec.means} | {_advice(spec)} | {' or '.join(spec.repairs) or 'a person'} |"
        for spec in specs
    ]
    return "\n".join(
        ["| fault | severity | what it means | what to do | ended by |", "|---|---|---|---|---|", *rows]
    )


def _advice(spec: FaultSpec) -> str:
    return spec.advice.replace("{model}", "MODEL").replace("|", r"\|") + "."


def _repairs() -> str:
    rows = [
        f"| `{kind}` | {repair.spec.does} | {'only with `--fault`' if repair.spec.by_name else 'yes'} |"
        for kind, repair in REPAIRS.items()
    ]
    return "\n".join(
        ["| repair | what it does | part of `modeltender repair MODEL` |", "|---|---|---|", *rows]
    )


def _sources() -> str:
    specs = [fault.spec for fault in ABOUT_MODELS if fault.spec.source]
    rows = [f"| `{spec.code}` | {spec.source} |" for spec in specs]
    return "\n".join(["| fault | its statistics |", "|---|---|", *rows])


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(page(file.read_text()))
