"""The commands ``data describe``, ``data import`` and ``data split``: labelled data before they are measured on.

They work without a running engine. Data are read in a confined process of their own, as the engine reads them, so
that this one never opens them; what this module owns is what is asked for and what is told.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from engine.data import importing
from engine.data.descriptions import PARTS, PARTS_FOLDER, PartDescription, Shared
from engine.data.location import locate
from engine.data.naming import members
from engine.data_documents import (
    DescribeDocument,
    DescribedPart,
    ImportDocument,
    SharedExamples,
    SplitDocument,
    SplitPart,
)
from engine.data_words import counted, described_in_words, split_in_words
from engine.options import answer, standard_options
from engine.processes.client import Hosts
from engine.processes.confined_process import Terms
from engine.processes.data_process import DataProcess
from engine.processes.endings import Activity
from engine.processes.protocol import Describe, Described, Split
from storage.errors import JobError, UnknownError, WorkspaceError
from storage.settings import Data, read_model_settings, read_workspace_settings
from storage.text import clean
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, valid_model_name

GIB = 1024**3

NOTHING_MOVED = "Nothing was changed."


@click.group(epilog="Example: modeltender data describe mnist")
def data() -> None:
    """Inspect labelled data, and bring them into the workspace.

    Formats: .npz, .npy, CSV, Parquet, JSONL, MNIST's IDX files, and folders of images. See docs/data.md.
    """


@data.command(epilog="Example: modeltender data describe mnist")
@click.argument("what", metavar="MODEL|FILE")
@standard_options
def describe(*, workspace: Workspace, as_json: bool, what: str) -> int:
    """Say what is in a model's data, or in a file.

    Rows, shapes, ranges, missing values and the balance of the classes; examples that occur more than once, or in two
    parts, which would make a model look better than it is. Exits with 1 if parts share examples.
    """
    found, columns = _sources(workspace, what)
    with _reader(workspace, list(found.values())) as process:
        told = process.describe(
            Describe(tuple(str(path) for path in found.values()), columns), _terms(workspace)
        )
    document = _described(workspace, found, told)
    answer(document, described_in_words(document.parts, document.shared), as_json=as_json)
    return ExitCode.NO if document.shared else ExitCode.DONE


@data.command("import", epilog="Example: modeltender data import ~/mnist/t10k-images-idx3-ubyte.gz mnist")
@click.argument("source", type=click.Path(path_type=Path, readable=False))
@click.argument("model")
@click.option(
    "--as", "part", type=click.Choice(PARTS), default="test", show_default=True, help="Which part it is."
)
@click.option("--replace", is_flag=True, help="Replace existing data.")
@standard_options
def import_data(
    *, workspace: Workspace, as_json: bool, source: Path, model: str, part: str, replace: bool
) -> int:
    """Copy a data set into the workspace, where MODEL finds it.

    The data are read first: anything that cannot be evaluated on is not copied. Files that belong together (IDX, .npy)
    are copied together.
    """
    source = _existing(source)
    folder = importing.home(workspace, _model_name(model), part)
    files = importing.names_for(source, part)
    there = importing.check_free(folder, part, replace=replace)
    columns = _columns(workspace, model)
    with _reader(workspace, [source]) as process:
        [found] = process.describe(Describe((str(source),), columns), _terms(workspace)).parts
    _check_usable(found, model)
    with _writing(folder):
        importing.put(files, folder, instead_of=there)
    document = ImportDocument(
        model=model,
        part=part,
        rows=found.rows,
        files=tuple(_shown(workspace, folder / name) for name in files),
        replaced=tuple(_shown(workspace, path) for path in there),
    )
    listed = "\n".join(f"  {name}" for name in document.files)
    text = f"{counted(found.rows, 'example')} are the {part} data of {model} now:\n{listed}"
    answer(document, text, as_json=as_json)
    return ExitCode.DONE


@data.command(epilog="Example: modeltender data split digits.csv --model digits --stratify")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--model", default="", metavar="MODEL", help="The model's name; by default the file's.")
@click.option(
    "--train", default=0.8, show_default=True, type=click.FloatRange(0, 1), help="Share for training."
)
@click.option(
    "--validation", default=0.1, show_default=True, type=click.FloatRange(0, 1), help="Share for validation."
)
@click.option(
    "--test", default=0.1, show_default=True, type=click.FloatRange(0, 1), help="Share for the test."
)
@click.option("--stratify", is_flag=True, help="Keep each class's share in every part.")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="Seed of the random division.",
)
@click.option("--replace", is_flag=True, help="Replace existing data.")
@standard_options
def split(
    *,
    workspace: Workspace,
    as_json: bool,
    file: Path,
    model: str,
    train: float,
    validation: float,
    test: float,
    stratify: bool,
    seed: int,
    replace: bool,
) -> int:
    """Divide a data set into training, validation and test data.

    Examples with the same inputs stay in one part, so that no part is measured on what another was trained on. The
    same seed divides the same data alike. They are written to train/MODEL/train, test/MODEL/validation and
    test/MODEL/test: arrays and images as .npz, tables as .parquet.
    """
    shares = (train, validation, test)
    if abs(sum(shares) - 1) > 1e-6:
        raise click.UsageError(
            f"--train, --validation and --test add up to {sum(shares):g}, not to 1 (they are {train:g}, "
            f"{validation:g} and {test:g})."
        )
    file = _existing(file)
    model = _model_name(model or file.name.split(".")[0])
    wanted = [part for part, share in zip(PARTS, shares, strict=True) if share]
    there = {
        part: importing.check_free(importing.home(workspace, model, part), part, replace=replace)
        for part in wanted
    }
    request = Split(str(file), _columns(workspace, model), shares, seed, stratify)
    with _reader(workspace, [file]) as process:
        divided = process.split(request, _terms(workspace))
        _take(workspace, process, model, there, divided.suffix)
    parts = tuple(
        SplitPart(
            part=part,
            file=_shown(workspace, importing.home(workspace, model, part) / f"{part}{divided.suffix}"),
            rows=rows,
        )
        for part, rows in zip(PARTS, divided.rows, strict=True)
        if part in wanted
    )
    document = SplitDocument(model=model, parts=parts, together=divided.together, leaks=divided.leaks)
    answer(document, split_in_words(document), as_json=as_json)
    return ExitCode.NO if divided.leaks else ExitCode.DONE


def _sources(workspace: Workspace, what: str) -> tuple[dict[str, Path], Data]:
    """Return the data sets that are meant, by part, and what is known of their columns."""
    if valid_model_name(what) and any(importing.home(workspace, what, part).is_dir() for part in PARTS):
        settings = read_model_settings(workspace.model_settings(what))
        found = {}
        for part in PARTS:
            path = _located(workspace, what, part)
            if path is not None:
                found[part] = path
        if found:
            return found, settings.data
        raise UnknownError(
            f"There are no data for {what}.", f"Bring some: modeltender data import FILE {what}"
        )
    path = Path(what)
    if not path.exists():
        raise UnknownError(
            f"{clean(what)} is neither a model with data nor a file.",
            "List the models with: modeltender models",
        )
    return {"": path.absolute()}, Data()


def _located(workspace: Workspace, model: str, part: str) -> Path | None:
    """Return where a part of a model's data lies, or ``None``; that there are two is an error."""
    there = importing.occupied(importing.home(workspace, model, part), part)
    if part == "train":
        return there[0] if there else None
    try:
        return locate(workspace, model, read_model_settings(workspace.model_settings(model)), part)
    except JobError:
        # A model need not have every part. What it has and cannot be used is told.
        if there:
            raise
        return None


def _existing(path: Path) -> Path:
    path = path.expanduser().absolute()
    if not path.exists():
        raise UnknownError(f"{clean(str(path))} does not exist.", "Name a file, or a folder of images.")
    return path


def _model_name(name: str) -> str:
    if not valid_model_name(name):
        raise WorkspaceError(
            f"'{clean(name, 60)}' cannot be the name of a model.",
            "Names have letters, digits, '.', '_' and '-': say which with --model, or rename it.",
            code="bad-name",
        )
    return name


def _columns(workspace: Workspace, model: str) -> Data:
    return read_model_settings(workspace.model_settings(model)).data


def _check_usable(part: PartDescription, model: str) -> None:
    """Refuse data that no model could be evaluated on."""
    if not part.rows:
        raise JobError(f"{part.name} has no examples.", NOTHING_MOVED, code="no-data")
    if not part.target:
        listed = ", ".join(column.name for column in part.columns[:8])
        raise JobError(
            f"Which column of {part.name} is to be predicted is not known: it has {listed}.",
            f'Call it y, label, target or class, or say so in models/{model}/model.toml: data = {{ target = "..." }}',
            code="no-target",
        )


@contextmanager
def _reader(workspace: Workspace, sources: list[Path]) -> Iterator[DataProcess]:
    """Give a confined process that may read these data sets and nothing else."""
    settings = read_workspace_settings(workspace.settings_file)
    # Of formats of several files the reader looks for those that belong together.
    readable = [
        source if source.is_dir() or len(members(source)) == 1 else source.parent for source in sources
    ]
    scratch = workspace.scratch / f"data-{os.getpid()}"
    hosts = Hosts(scratch=scratch, limits=settings.limits)
    try:
        process = hosts.open_data(readable, limit_bytes=int(settings.retention.prepared_gib * GIB))
        try:
            yield process
        finally:
            process.close()
    finally:
        hosts.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _terms(workspace: Workspace) -> Terms:
    limits = read_workspace_settings(workspace.settings_file).limits
    return Terms(Activity.READING, limits.evaluation_s)


def _take(
    workspace: Workspace, process: DataProcess, model: str, there: dict[str, list[Path]], suffix: str
) -> None:
    """Move the parts from the process' scratch folder to where they belong."""
    staging = Path(process.scratch).parent / f"parts-{process.pid}"
    staging.mkdir()
    try:
        process.take_parts(PARTS_FOLDER, [f"{part}{suffix}" for part in there], staging)
        placed: list[str] = []
        for part, replaced in there.items():
            folder = importing.home(workspace, model, part)
            with _writing(folder, placed):
                importing.put(
                    {f"{part}{suffix}": staging / f"{part}{suffix}"}, folder, instead_of=replaced, move=True
                )
            placed.append(part)
    finally:
        for file in staging.iterdir():
            file.unlink()
        staging.rmdir()


@contextmanager
def _writing(folder: Path, placed: Sequence[str] = ()) -> Iterator[None]:
    """Say what could not be written, and which parts are in place all the same."""
    try:
        yield
    except OSError as error:
        done = f"In place already: {', '.join(placed)}." if placed else NOTHING_MOVED
        raise WorkspaceError(
            f"The data cannot be written to {clean(str(folder))} ({error.strerror or error}).",
            f"{done} Free some space or change the folder's rights, then try again.",
        ) from None


def _described(workspace: Workspace, found: dict[str, Path], told: Described) -> DescribeDocument:
    names = list(found)
    return DescribeDocument(
        parts=tuple(
            DescribedPart(part=name, file=_shown(workspace, path), description=part)
            for (name, path), part in zip(found.items(), told.parts, strict=True)
        ),
        shared=tuple(_named(names, one) for one in told.shared),
    )


def _named(names: list[str], shared: Shared) -> SharedExamples:
    return SharedExamples(parts=(names[shared.first], names[shared.second]), n=shared.n)


def _shown(workspace: Workspace, path: Path) -> str:
    path = path.resolve()
    root = workspace.root.resolve()
    return clean(str(path.relative_to(root) if path.is_relative_to(root) else path), 4096)
