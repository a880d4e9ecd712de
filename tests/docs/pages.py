"""The pages that people read, taken apart: fenced blocks, what is said of how they are run, headings, links, code in lines.

Owns how a page is read and nothing of what is done with its parts. `RULE` is what somebody who writes a page needs to know;
every test of pages says it where a block breaks it.
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

RULE = """
A fenced block names its language, which says what becomes of it:
  console   commands after "$ " with what they print, run in order in one folder a page (figures and times may differ; "..."
            stands for what is left out; a command that does not end with 0 is followed by "$ echo $?")
  bash      commands to choose from: each is held against the command line's own options, and not run
  toml      read as modeltender.toml or model.toml, every key of it
  python    run in the page's folder: as a doctest where it has ">>>", else by itself; "python notest" is only compiled
  json      has the fields of a document that some command prints
  text, yaml, protobuf, ini   shown; no commands after "$ " in them
What cannot be run has <!-- not run: WHY --> in the line above it. <!-- before: COMMAND --> runs something that is not shown,
<!-- starts with: NAME --> begins in a folder that is made ready (tests/docs/stage.py).
"""

PAGES = tuple(
    path.relative_to(ROOT).as_posix()
    for path in sorted(
        (
            *ROOT.glob("*.md"),
            *ROOT.joinpath("docs").rglob("*.md"),
            *ROOT.joinpath("sample_models").rglob("*.md"),
        )
    )
)
"""Every page by its path from the root."""

FENCE = re.compile(r"( *)(```+)\s*(.*)")
REMARK = re.compile(r"\s*<!-- ([\w ]+): (.*) -->\s*")
HEADING = re.compile(r"(#+) (.*)")
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


class Block(NamedTuple):
    """A fenced block, or a remark that has something done between blocks."""

    page: str
    line: int
    """Where its fence stands, counted from 1."""
    language: str
    """Its language; ``before`` of a command that is not shown."""
    more: str
    """What stands behind the language."""
    text: str
    why_not: str
    """Why it is not run, or empty."""

    @property
    def place(self) -> str:
        """Return where it is, as editors take it."""
        return f"{self.page}:{self.line}"


def text_of(page: str) -> str:
    """Return a page."""
    return ROOT.joinpath(page).read_text()


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page in their order, and the commands that are not shown among them."""
    found: list[Block] = []
    lines = iter(enumerate(text_of(page).splitlines(), start=1))
    why_not = ""
    for number, line in lines:
        if opened := FENCE.fullmatch(line):
            language, _, more = opened[3].partition(" ")
            found.append(Block(page, number, language, more, _body(lines, opened[2]), why_not))
        elif remark := REMARK.fullmatch(line):
            if remark[1] == "before":
                found.append(Block(page, number, "before", "", f"{remark[2]}\n", ""))
            why_not = remark[2] if remark[1] == "not run" else why_not
            continue
        if line.strip():
            why_not = ""
    return found


def _body(lines: Iterator[tuple[int, str]], fence: str) -> str:
    body: list[str] = []
    for _, line in lines:
        if line.strip() == fence:
            break
        body.append(line)
    return textwrap.dedent("\n".join(body)) + "\n"


def starts_with(page: str) -> str:
    """Return the name of what a page's folder begins with, or nothing."""
    found = re.search(r"^<!-- starts with: (\w+) -->$", text_of(page), re.MULTILINE)
    return found[1] if found else ""


def prose(page: str) -> str:
    """Return a page without its blocks."""
    kept: list[str] = []
    lines = iter(enumerate(text_of(page).splitlines(), start=1))
    for _, line in lines:
        if opened := FENCE.fullmatch(line):
            _body(lines, opened[2])
        else:
            kept.append(line)
    return "\n".join(kept)


def spans(page: str) -> list[str]:
    """Return the code that stands in a page's sentences."""
    return SPAN.findall(prose(page))


def links(page: str) -> list[str]:
    """Return where a page points to."""
    return LINK.findall(SPAN.sub("", prose(page)))


def anchors(page: str) -> set[str]:
    """Return the names by which a page's headings can be pointed to, as GitHub makes them."""
    titles = [found[2] for line in prose(page).splitlines() if (found := HEADING.fullmatch(line))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def named_tests(page: str) -> list[tuple[str, str]]:
    """Return the tests that a page says show something, each as its file and its name."""
    return sorted(set(NAMED_TEST.findall(text_of(page))))


def has_test(file: str, name: str) -> bool:
    """Whether a test that a page names is there."""
    source = ROOT / file
    return source.is_file() and bool(
        re.search(rf"^(?:async )?def {name}\(", source.read_text(), re.MULTILINE)
    )
