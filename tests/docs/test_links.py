"""What a page points to is there: files, headings, and the tests that are named as the proof of what is said."""

import re

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, has_test, links, named_tests, spans

OURS = re.compile(r"(?:tui|engine|storage|sample_models|tests|docs)/[\w./-]+\.(?:py|md|npz|svg|txt)")

TO_BE_WRITTEN = (
    "engine/evaluation/metrics/msle.py",
    "engine/faults/few_examples.py",
    "engine/repairs/rest.py",
    "engine/devices/gaudi.py",
    "tui/quarantine_rows.py",
    "tui/screens/quarantine.py",
    "engine/repository/targets/file.py",
    "engine/runtimes/linear/spec.py",
    "engine/runtimes/linear/loader.py",
)
"""What the examples of CONTRIBUTING.md have their reader write."""

NAMED_TESTS = [(page, file, name) for page in PAGES for file, name in named_tests(page)]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """Of a file that is there, to a heading that it has; other people's pages are not asked."""
    broken = [target for target in links(page) if not _leads(page, target)]
    assert not broken, f"{page}: {broken}"


def _leads(page: str, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return target.startswith(("https://", "mailto:"))
    path, _, anchor = target.partition("#")
    file = (ROOT / page).parent / path if path else ROOT / page
    if not file.exists():
        return False
    return not anchor or (
        file.suffix == ".md" and anchor in anchors(file.resolve().relative_to(ROOT).as_posix())
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_exists(page: str) -> None:
    """A sentence that sends its reader to one of our files sends nobody away."""
    named = [span for span in spans(page) if OURS.fullmatch(span)]
    assert [name for name in named if name not in TO_BE_WRITTEN and not (ROOT / name).exists()] == []


def test_what_is_to_be_written_is_not_there_yet() -> None:
    """An example of CONTRIBUTING.md that somebody has added for real is no example any more."""
    assert [name for name in TO_BE_WRITTEN if (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("page", "file", "name"), NAMED_TESTS, ids=[f"{page}-{name}" for page, _, name in NAMED_TESTS]
)
def test_every_test_that_is_named_exists(page: str, file: str, name: str) -> None:
    """Who looks for the proof of a row finds it."""
    del page
    assert has_test(file, name)


def test_every_page_is_found_from_the_readme() -> None:
    """A page that nothing points to is read by nobody."""
    found, to_read = {"README.md"}, ["README.md"]
    while to_read:
        page = to_read.pop()
        for target in links(page):
            file = ((ROOT / page).parent / target.partition("#")[0]).resolve()
            inside = file.is_relative_to(ROOT) and file.suffix == ".md"
            name = file.relative_to(ROOT).as_posix() if inside else ""
            # A link to a folder shows its list of pages.
            names = [name] if name else [other for other in PAGES if (ROOT / other).parent == file]
            new = [other for other in names if other in PAGES and other not in found]
            found.update(new)
            to_read += new
    assert sorted(set(PAGES) - found) == []
