"""The manual has a page for every command, which man(1) prints as it was written."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tui.command_line import COMMANDS
from tui.commands import manual

PAGES = manual.pages()

needs_groff = pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")


def printed(page: str) -> "subprocess.CompletedProcess[str]":
    """Return a page as it is printed on 80 columns, with every warning that its formatter has."""
    return subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", "-rLL=80n"],
        input=page,
        check=True,
        text=True,
        capture_output=True,
    )


def test_every_command_has_a_page() -> None:
    """And so has what is below a command."""
    assert {f"modeltender-{name}.1" for name in COMMANDS} | {
        "modeltender.1",
        "modeltender-engine-start.1",
    } <= set(PAGES)


@needs_groff
def test_pages_are_printed_without_a_warning() -> None:
    """All of them, in one go."""
    assert printed("".join(PAGES.values())).stderr == ""


@needs_groff
def test_a_page_says_what_help_says() -> None:
    """Options, exit statuses and the example can be typed as they are printed."""
    text = printed(PAGES["modeltender-promote.1"]).stdout
    assert "--force" in text
    assert "modeltender promote" in text
    assert "The answer is no" in text
    whole = printed(PAGES["modeltender.1"]).stdout
    assert all(f"modeltender-{name}(1)" in whole for name in COMMANDS)


def test_nothing_in_a_text_means_anything_to_the_formatter() -> None:
    """Backslashes, quotes and dots at the beginning are printed, not obeyed."""
    assert manual._escaped(".\\x 'a-b\" ") == "\\&.\\ex \\(aqa\\-b\\(dq "


def test_pages_are_written_into_a_folder(tmp_path: Path) -> None:
    """One file a page, under the name that man(1) looks for."""
    files = manual.write(tmp_path / "man")
    assert {file.name for file in files} == set(PAGES)
    assert files[0].read_text(encoding="utf-8") == PAGES[files[0].name]
