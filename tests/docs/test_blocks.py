"""Whatever a page shows in a fenced block is so: settings are read, commands exist, code compiles, documents have those fields."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import engine
import tui.commands
from storage.errors import SettingsError
from storage.openmetrics import FAMILIES, UP
from storage.settings import read_model_settings, read_workspace_settings
from tests.docs.offered import problem, problem_of_ours, simple_commands, uncommented
from tests.docs.pages import PAGES, RULE, Block, blocks, spans
from tui.command_line import COMMANDS

LANGUAGES = frozenset(
    {"console", "bash", "toml", "python", "json", "text", "yaml", "protobuf", "ini", "before"}
)

NOT_RUN = 10
"""How many blocks may say why they are not run. One more is a promise fewer: think twice."""

BLOCKS = [block for page in PAGES for block in blocks(page)]

OURS = re.compile(r"modeltender ([a-z]\S*)")
METRIC = re.compile(r"modeltender_[a-z_]+")


def of(*languages: str) -> pytest.MarkDecorator:
    """Run a test with each block of some languages."""
    found = [block for block in BLOCKS if block.language in languages and not block.why_not]
    return pytest.mark.parametrize("block", found, ids=[block.place for block in found])


def test_every_block_says_what_it_is() -> None:
    """A block without a language, or with one that nothing is done with, is checked by nobody."""
    unknown = [f"{block.place} '{block.language}'" for block in BLOCKS if block.language not in LANGUAGES]
    assert not unknown, f"{unknown}{RULE}"


def test_few_blocks_are_not_run() -> None:
    """Those that need another machine say so, and there are few of them."""
    not_run = [f"{block.place}: {block.why_not}" for block in BLOCKS if block.why_not]
    assert len(not_run) <= NOT_RUN, not_run


def test_commands_with_their_output_are_run() -> None:
    """What looks like a session and is shown as plain text would be true once."""
    sessions = [
        block.place
        for block in BLOCKS
        if block.language in {"text", "bash"}
        and re.search(r"^\$ ", block.text, re.MULTILINE)
        and not block.why_not
    ]
    assert not sessions, f"{sessions}{RULE}"


@of("toml")
def test_settings_can_be_written_as_they_stand(block: Block, tmp_path: Path) -> None:
    """A block of TOML is the workspace's settings or a model's, with every key and value of it."""
    file = tmp_path / "settings.toml"
    file.write_text(block.text)
    problems = []
    for read in (read_workspace_settings, read_model_settings):
        try:
            read(file)
        except SettingsError as error:
            problems.append(error.problems)
    assert len(problems) < 2, f"{block.place}: {min(problems, key=len)}{RULE}"


@of("bash", "yaml")
def test_commands_that_are_offered_exist(block: Block) -> None:
    """Each command of a block is one, with these options and arguments; so is each target of make."""
    text = (
        block.text
        if block.language == "bash"
        else "\n".join(re.findall(r"(?:run: |^\s+)(modeltender .*)", block.text, re.MULTILINE))
    )
    wrong = [
        f"{' '.join(words)}: {said}"
        for words in simple_commands(uncommented(text))
        if (said := problem(words))
    ]
    assert not wrong, f"{block.place}: {wrong}"


@of("console")
def test_commands_that_are_run_exist(block: Block) -> None:
    """Also where a page's session would have failed before it came to them."""
    text = "\n".join(line[2:] for line in block.text.splitlines() if line.startswith(("$ ", "> ")))
    wrong = [
        f"{' '.join(words)}: {said}"
        for words in simple_commands(uncommented(text))
        if (said := problem(words))
    ]
    assert not wrong, f"{block.place}: {wrong}"


@of("yaml")
def test_figures_that_are_asked_for_are_told(block: Block) -> None:
    """A rule of Prometheus on a figure that nobody exposes is never true."""
    assert set(METRIC.findall(block.text)) <= {f"modeltender_{family.name}" for family in (UP, *FAMILIES)}, (
        block.place
    )


@of("python")
def test_code_can_be_compiled(block: Block) -> None:
    """Also the code of blocks that are not run."""
    if ">>>" not in block.text:
        compile(block.text, block.place, "exec")


@of("json")
def test_documents_have_the_fields_of_real_ones(block: Block) -> None:
    """An object that is shown has the fields of a document that some command prints or somebody is sent."""
    found = json.loads(block.text)
    for shown in found if isinstance(found, list) else [found]:
        assert set(shown) in _documents(), f"{block.place}: no document has the fields {sorted(shown)}"


def _documents() -> list[set[str]]:
    modules = [
        importlib.import_module(found.name)
        for package in (engine, tui.commands)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if found.name.startswith(
            (
                "tui.commands.",
                "engine.notify.",
                "engine.cli",
                "engine.data_command",
                "engine.init_command",
                "engine.doctor.",
            )
        )
    ]
    return [
        {field.encode_name for field in msgspec.structs.fields(kind)}
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    ] + [{"error"}]


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_sentences_exist(page: str) -> None:
    """A command that a sentence names is one, and has the options that are named with it."""
    wrong = [f"{span}: {said}" for span in spans(page) if (said := _problem_of_span(span))]
    assert not wrong, f"{page}: {wrong}"


def _problem_of_span(span: str) -> str:
    """Return what is wrong with a command in a sentence, which may leave out what it needs."""
    if OURS.match(span) is None or set(span) & set("[]|"):
        return ""
    said = [
        problem_of_ours(words[1:])
        for words in simple_commands(uncommented(span))
        if words[0] == "modeltender"
    ]
    return next(
        (words for words in said if words and " needs " not in words and "requires an argument" not in words),
        "",
    )


def _words_of_text() -> Iterator[tuple[str, str]]:
    for block in BLOCKS:
        if block.language == "text" and block.page != "docs/commands.md":
            yield from ((block.place, found) for found in OURS.findall(block.text))


def test_commands_in_plain_text_exist() -> None:
    """A list of commands names none that is not there."""
    assert [found for found in _words_of_text() if found[1].strip(",;:.") not in COMMANDS] == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("modeltender evaluate mnist@candidate --json | jq .metrics", ""),
        ("modeltender serving", ""),
        ("sudo modeltender engine install --systemd --system -w /srv/serving  # once", ""),
        ("ssh -t there modeltender --read-only -w /srv/serving", ""),
        ("HOOK=x modeltender check MODEL || mail -s 'a # b' me@example.org", ""),
        ("modeltender promot mnist --json", "there is no command 'promot'"),
        ("modeltender promote", "'promote' needs MODEL[@VERSION]"),
        ("modeltender promote mnist 2", "'promote' takes no '2'"),
        ("modeltender promote mnist --fource", "--fource"),
        ("ssh there modeltender engine begin", "there is no command 'begin'"),
        ("cd serving && modeltender export mnist --to tflite", "'tflite' is not one of"),
        ("make nothing", "the Makefile has no target 'nothing'"),
        ("python -P -m sample_models.nothing DIR", "there is no module sample_models.nothing"),
    ],
)
def test_what_is_wrong_with_a_command_is_found(command: str, said: str) -> None:
    """A page that offers what is not there fails, and says why."""
    found = [problem(words) for words in simple_commands(uncommented(command))]
    assert said in "".join(found)
    assert bool(said) == any(found)
