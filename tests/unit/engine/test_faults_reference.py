"""The page about maintenance says what the registries say, and its settings are the defaults."""

import re
import tomllib
from pathlib import Path

import click
import msgspec

from engine import faults_reference
from engine.faults import SPECS
from engine.repairs import REPAIRS
from storage.maintenance_settings import Checks, Repair, Schedule, plan
from storage.settings import WorkspaceSettings
from tests.benchmarks.faults import BEGIN, CASES
from tui.command_line import modeltender

PAGE = Path(__file__).parents[3] / "docs" / "maintenance.md"


def test_the_tables_are_what_the_registries_say() -> None:
    """`python -P -m engine.faults_reference docs/maintenance.md` writes them."""
    assert PAGE.read_text() == faults_reference.page(PAGE.read_text())


def test_every_fault_and_repair_is_on_the_page() -> None:
    """With its severity; what was simulated has its row."""
    text = PAGE.read_text()
    for spec in SPECS.values():
        assert f"| [`{spec.code}`](#{spec.code}) | {spec.severity} |" in text
        assert text.count(f"#### `{spec.code}`\n\n*{spec.severity}.* {spec.means}\n") == 1
    for kind in REPAIRS:
        assert f"| `{kind}` |" in text
    simulated = text.split(BEGIN)[1]
    for case in CASES:
        assert f"| `{case.name}` | {case.told} | 0 |" in simulated, "no false alarm in 10,000 rounds"


def test_what_to_do_names_commands_that_there_are() -> None:
    """Each with options that it has: at three in the morning nobody wants to guess."""
    root = click.Context(modeltender, info_name="modeltender")
    told = [text for spec in SPECS.values() for text in (spec.advice, spec.otherwise)]
    advised = told + PAGE.read_text().split("```")[1].splitlines()
    lines = [words for text in advised for words in re.findall(r"modeltender [^;:#(),.&]+", text)]
    assert len(lines) > 20
    for line in lines:
        _, name, *rest = line.replace("{model}", "m").replace("@", " ").split()
        command = modeltender.get_command(root, name)
        assert command is not None, line
        if isinstance(command, click.Group):
            command = command.commands[rest[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= options, line


def test_the_settings_on_the_page_are_the_defaults() -> None:
    """But for the quiet hours, of which there are none."""
    block = PAGE.read_text().split("```toml\n")[1].split("```")[0].replace("# free_gib", "free_gib")
    written = tomllib.loads(block)
    assert written["checks"].pop("free_gib") == WorkspaceSettings().checks.free_gib

    class Written(msgspec.Struct, frozen=True):
        schedule: Schedule
        checks: Checks
        repair: Repair

    found = plan(msgspec.convert(written, Written))
    assert found._replace(quiet=None) == plan(WorkspaceSettings())
    assert found.quiet is not None
