"""The page about maintenance says what the registries say, and its settings are the defaults."""

import tomllib
from pathlib import Path

import msgspec

from engine import faults_reference
from engine.faults import SPECS
from engine.repairs import REPAIRS
from storage.maintenance_settings import Checks, Repair, Schedule, plan
from storage.settings import WorkspaceSettings
from tests.benchmarks.faults import BEGIN, CASES

PAGE = Path(__file__).parents[3] / "docs" / "maintenance.md"


def test_the_tables_are_what_the_registries_say() -> None:
    """`python -P -m engine.faults_reference docs/maintenance.md` writes them."""
    assert PAGE.read_text() == faults_reference.page(PAGE.read_text())


def test_every_fault_and_repair_is_on_the_page() -> None:
    """With its severity; what was simulated has its row."""
    text = PAGE.read_text()
    for spec in SPECS.values():
        assert f"| `{spec.code}` | {spec.severity} |" in text
    for kind in REPAIRS:
        assert f"| `{kind}` |" in text
    simulated = text.split(BEGIN)[1]
    for case in CASES:
        assert f"| `{case.name}` | {case.told} | 0 |" in simulated, "no false alarm in 10,000 rounds"


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
