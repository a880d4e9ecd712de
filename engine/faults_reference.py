"""The lists of the page about maintenance, made from the registries of faults and repairs.

``python -P -m engine.faults_reference docs/maintenance.md`` writes them into the page, each between its two marks; a test
fails where the page says something else. It must not know any fault by name.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.faults import ABOUT_MODELS, ABOUT_PLACE
from engine.faults.finding import FaultSpec
from engine.faults.noticed import NOTICED
from engine.repairs import PLACE_REPAIRS, REPAIRS
from storage.vocabulary import Severity

COMMAND = re.compile(r"modeltender [a-z][^;:#(),.]*")
"""As it stands in an advice: up to the next mark of punctuation."""

MARKS = ("<!-- {}: begin -->", "<!-- {}: end -->")


def tables() -> dict[str, str]:
    """Return each table or list by the name of its marks."""
    models = [fault.spec for fault in ABOUT_MODELS]
    place = [fault.spec for fault in ABOUT_PLACE]
    return {
        "index": _index([*models, *place, *NOTICED]),
        "models": _faults(models),
        "place": _faults(place),
        "noticed": _faults(NOTICED),
        "repairs": _repairs(),
        "sources": _sources([*models, *place]),
    }


def page(text: str) -> str:
    """Return a page with its tables as the registries have them."""
    for name, table in tables().items():
        begin, end = (mark.format(name) for mark in MARKS)
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    return text


def _index(specs: Sequence[FaultSpec]) -> str:
    """Return one line a fault, the most severe first: what somebody looks for who has its name."""
    rank = list(Severity)[::-1]
    rows = [
        f"| [`{spec.code}`](#{spec.code}) | {spec.severity} | {_first_sentence(spec.urgent)} | {_command(spec)} |"
        for spec in sorted(specs, key=lambda spec: rank.index(spec.severity))
    ]
    return "\n".join(["| fault | severity | how urgent | first |", "|---|---|---|---|", *rows])


def _faults(specs: Iterable[FaultSpec]) -> str:
    """Return a section a fault: a table of sentences would be read by nobody in a terminal."""
    return "\n\n".join(map(_section, specs))


def _section(spec: FaultSpec) -> str:
    repair = " or ".join(f"`{kind}`" for kind in spec.repairs) or "none; this needs a person"
    points = [
        f"- **How urgent:** {spec.urgent}",
        f"- **First:** {_sentence(spec.advice)}.",
        f"- **If that did not help:** {_sentence(spec.otherwise)}",
        f"- **Repair:** {repair}. {_opens(spec)}",
    ]
    lines = [spec.means, "", *points]
    return "\n".join([f"#### `{spec.code}`", "", f"*{spec.severity}.* {lines[0]}", *lines[1:]])


def _opens(spec: FaultSpec) -> str:
    needed, looks = spec.opens
    opens = "at the first look that finds it" if looks == 1 else f"when {needed} of {looks} looks find it"
    closes = (
        "at the first look that does not"
        if spec.closes == 1
        else f"after {spec.closes} looks in a row that do not"
    )
    return f"The fault opens {opens}, and closes {spec.ends or closes}."


def _sentence(text: str) -> str:
    return text.replace("{model}", "MODEL")


def _first_sentence(text: str) -> str:
    return text.split(". ", maxsplit=1)[0].rstrip(".")


def _command(spec: FaultSpec) -> str:
    """Return the first command that its advice names, or its first words."""
    found = COMMAND.search(spec.advice)
    if found is None:
        return _sentence(spec.advice.split(";")[0].split(":")[0])
    return f"`{_sentence(found[0].strip())}`".replace("|", r"\|")


def _repairs() -> str:
    rows = [
        f"| `{kind}` | {repair.spec.does} | {'only with `--fault`' if repair.spec.by_name else 'yes'} |"
        for kind, repair in (REPAIRS | PLACE_REPAIRS).items()
    ]
    return "\n".join(
        ["| repair | what it does | part of `modeltender repair MODEL` |", "|---|---|---|", *rows]
    )


def _sources(specs: Iterable[FaultSpec]) -> str:
    rows = [f"| `{spec.code}` | {spec.source} |" for spec in specs if spec.source]
    return "\n".join(["| fault | its statistics |", "|---|---|", *rows])


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(page(file.read_text()))
