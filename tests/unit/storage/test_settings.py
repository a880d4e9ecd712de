"""What reading settings promises: defaults, every problem at once, and words that help."""

from pathlib import Path

import pytest

from storage.errors import SettingsError
from storage.gate_settings import Gate, Requirement
from storage.settings import (
    ModelSettings,
    Preprocess,
    WorkspaceSettings,
    read_model_settings,
    read_workspace_settings,
)
from storage.vocabulary import GateMode, Task


def write(tmp_path: Path, text: str) -> Path:
    """Return a model.toml with this text."""
    file = tmp_path / "model.toml"
    file.write_text(text)
    return file


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    """Nobody needs to write settings to begin."""
    assert read_model_settings(tmp_path / "model.toml") == ModelSettings()
    assert read_workspace_settings(tmp_path / "modeltender.toml") == WorkspaceSettings()


def test_a_full_file_is_read(tmp_path: Path) -> None:
    """What is written arrives, typed."""
    file = write(
        tmp_path,
        """
        task = "classification"
        labels = ["no", "yes"]
        [data]
        test = "held-out.npz"
        [preprocess]
        dtype = "float32"
        scale = 0.00392156862745098
        mean = [0.13]
        std = [0.3]
        layout = "NHWC"
        [objectives]
        accuracy = ">= 0.97"
        latency_p99_ms = "<= 20"
        [gate]
        margin = 0.02
        """,
    )
    settings = read_model_settings(file)
    assert settings.task is Task.CLASSIFICATION
    assert settings.labels == ("no", "yes")
    assert settings.preprocess == Preprocess(
        dtype="float32", scale=1 / 255, mean=(0.13,), std=(0.3,), layout="NHWC"
    )
    assert settings.objectives == {"accuracy": ">= 0.97", "latency_p99_ms": "<= 20"}
    assert settings.gate == Gate(margin=0.02)


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    """A file is mended in one round: each problem names its key, what was expected and what was there."""
    file = write(
        tmp_path,
        """
        task = "clasification"
        lables = ["a"]
        [preprocess]
        scale = "big"
        layout = "HWNC"
        dtype = "float31"
        std = [0.0]
        [objectives]
        accuracy = "good"
        [gate]
        margin = -1
        confidence = 2.0
        """,
    )
    with pytest.raises(SettingsError) as caught:
        read_model_settings(file)
    problems = "\n".join(caught.value.problems)
    for expected in (
        "task: expected one of classification, regression, got 'clasification'",
        "lables: unknown key; did you mean 'labels'?",
        "preprocess.scale: expected `float | null`, got 'big'",
        "preprocess.layout: expected 'NHWC' or 'NCHW', got 'HWNC'",
        "preprocess.dtype: expected one of uint8",
        "preprocess.std: expected numbers above 0",
        "objectives.accuracy: expected '>= number' or '<= number', got 'good'",
        "gate.margin: expected 0 or more, got -1",
        "gate.confidence: expected 0.5 to below 1, got 2",
    ):
        assert expected in problems
    assert len(caught.value.problems) == 9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"task = ", "not valid TOML"),
        (b"\xff\xfe\x00", "not valid TOML"),
        (b"preprocess = 3", "preprocess: expected a table, got 3"),
        (b"[data]\ntest = '../../etc/passwd'", "data.test: expected a file name inside the model's folder"),
        (b"labels = '/etc/passwd'", "labels: expected a file name inside the model's folder"),
        (b"[runtime]\nloader = '1/loader.py'", "runtime.loader: expected the plain name of a file"),
        (b"[runtime]\nloader = '..'", "runtime.loader: expected the plain name of a file"),
        (b"#" * (1024 * 1024 + 1), "larger than 1 MiB"),
        (b"a = " + b"[" * 100_000, "not valid TOML"),
        (b'"\\u001b[2J" = 1', "unknown key"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path: Path, text: bytes, expected: str) -> None:
    """Whatever a file holds, the answer is a sentence without control characters."""
    file = tmp_path / "model.toml"
    file.write_bytes(text)
    with pytest.raises(SettingsError) as caught:
        read_model_settings(file)
    assert expected in caught.value.message
    assert caught.value.message.isprintable()


def test_a_folder_in_place_of_the_file_gets_a_sentence(tmp_path: Path) -> None:
    """What cannot be read is named with the reason."""
    (tmp_path / "model.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        read_model_settings(tmp_path / "model.toml")


def test_workspace_limits_are_checked(tmp_path: Path) -> None:
    """A limit of nothing would stop everything, so it is refused."""
    file = tmp_path / "modeltender.toml"
    file.write_text(
        "[limits]\nmemory_gib = 0\n[sampling]\ninterval_s = 0.01\n[repository]\nsettle_s = -1.0\n"
    )
    with pytest.raises(SettingsError) as caught:
        read_workspace_settings(file)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[retention]\nversions = -1", "retention.versions: expected 0 or more, got -1"),
        ("[limits]\nnice = 20", "limits.nice: expected 0 to 19, got 20"),
        ("[limits]\ntotal_gib = inf", "limits.total_gib: expected a finite number, got inf"),
        ("[limits]\ncpu = 'half'", "limits.cpu: "),
        ("[limits]\nmemory_gib = 1e-3", "limits.memory_gib: expected 0.05 or more, got 0.001"),
        ("[limits]\nmemory_gib = 1e30", "limits.memory_gib: expected at most 4,294,967,296, got 1e+30"),
        ("[limits]\nscratch_mib = 1" + 30 * "0", "limits.scratch_mib: expected a whole number of at most"),
        ("[limits]\nprocess_idle_s = nan", "limits.process_idle_s: expected a finite number, got nan"),
        ("[limits]\nwarm_processes = -1", "limits.warm_processes: expected 0 or more, got -1"),
        ("[repository]\nrescan_s = inf", "repository.rescan_s: expected a finite number, got inf"),
        ("[repository]\nsettle_s = 1e308", "repository.settle_s: expected at most 4,294,967,296, got 1e+308"),
        ("[retention]\nevents = -1", "retention.events: expected 0 or more, got -1"),
        ("[retention]\nsamples_s = -inf", "retention.samples_s: expected a finite number, got -inf"),
        ("[checks]\nfree_gib = nan", "checks.free_gib: expected a finite number, got nan"),
    ],
)
def test_a_number_that_means_nothing_for_a_workspace_is_told(tmp_path: Path, text: str, problem: str) -> None:
    """It is named with its key and what belongs there, and nothing else is held against the file."""
    file = tmp_path / "modeltender.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_workspace_settings(file)
    [found] = caught.value.problems
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[preprocess]\nflatten = true\nlayout = 'NHWC'",
            "preprocess.flatten: cannot be used together with preprocess.layout",
        ),
        (
            "[preprocess]\nflatten = true\nreshape = [2, 2]",
            "preprocess.flatten: cannot be used together with preprocess.reshape",
        ),
        ("[preprocess]\nstd = [nan]", "preprocess.std: expected a finite number, got [nan]"),
        ("[preprocess]\nscale = inf", "preprocess.scale: expected a finite number, got inf"),
        ("[preprocess]\nresize = [28]", "preprocess.resize: expected [height, width], got [28]"),
        ("[preprocess]\nresize = [28, 0]", "preprocess.resize: expected [height, width], got [28, 0]"),
        ("[preprocess]\nreshape = [-1]", "preprocess.reshape: expected whole numbers above 0, got [-1]"),
        ("[output]\nindex = -1", "output.index: expected 0 or more, got -1"),
        ("[output]\nthreshold = 1.0", "output.threshold: expected a number between 0 and 1, got 1"),
        (
            "[output]\nthreshold = 0.5\nscale = 'scores'",
            "output.threshold: needs probabilities or logits, and output.scale says scores",
        ),
        ("[metrics]\ntop_k = 0", "metrics.top_k: expected 1 or more, got 0"),
        ("[data]\nslices = ['site=3']", "data.slices: 'site=3' cannot name a column"),
        ("[data]\nslices = ['class']", "data.slices: 'class' cannot name a column"),
        ("[data]\nslices = ['site', 'site']", "data.slices: a column is named twice"),
    ],
)
def test_settings_of_a_model_that_make_no_sense_are_told(tmp_path: Path, text: str, problem: str) -> None:
    """What cannot be meant, alone or beside another setting, is named before anything is evaluated by it."""
    with pytest.raises(SettingsError) as caught:
        read_model_settings(write(tmp_path, text))
    [found] = caught.value.problems
    assert found.startswith(problem)


def test_a_gates_settings_are_read(tmp_path: Path) -> None:
    """Everything that a gate may be asked for arrives, typed."""
    file = write(
        tmp_path,
        """
        [gate]
        metric = "f1_macro"
        mode = "superiority"
        class_margin = 0.05
        max_latency_ratio = 1.2
        min_examples = 500
        budget = 20
        dry_run = true
        [[gate.require]]
        metric = "recall"
        slice = "class=3"
        at_least = 0.9
        [[gate.require]]
        metric = "size_bytes"
        at_most = 5000000
        """,
    )
    assert read_model_settings(file).gate == Gate(
        metric="f1_macro",
        mode=GateMode.SUPERIORITY,
        class_margin=0.05,
        max_latency_ratio=1.2,
        min_examples=500,
        budget=20,
        dry_run=True,
        require=(
            Requirement(metric="recall", slice="class=3", at_least=0.9),
            Requirement(metric="size_bytes", at_most=5_000_000),
        ),
    )


def test_every_problem_of_a_gate_is_told(tmp_path: Path) -> None:
    """Numbers that mean nothing and requirements without a limit are reported together, not-a-number included."""
    file = write(
        tmp_path,
        """
        [gate]
        margin = nan
        mode = "better"
        budget = 0
        class_margin = 2
        max_latency_ratio = -1
        min_examples = -3
        [[gate.require]]
        slice = "class"
        [[gate.require]]
        metric = "f1"
        at_most = inf
        """,
    )
    with pytest.raises(SettingsError) as caught:
        read_model_settings(file)
    for problem in (
        "gate.mode: expected one of non-inferiority, superiority, got 'better'",
        "gate.margin: expected a finite number, got nan",
        "gate.class_margin: expected a number between 0 and 1, got 2",
        "gate.max_latency_ratio: expected a number above 0, got -1",
        "gate.min_examples: expected 0 or more, got -3",
        "gate.budget: expected 1 or more, got 0",
        "gate.require 1: needs a metric",
        "gate.require 1: needs at_least or at_most",
        "gate.require 1: expected a slice like 'class=3', got 'class'",
        "gate.require 2: expected a number as limit",
    ):
        assert problem in caught.value.message


def test_an_unknown_key_of_a_requirement_is_told(tmp_path: Path) -> None:
    """A slip of the pen there would leave a limit unguarded."""
    file = write(tmp_path, '[[gate.require]]\nmetric = "f1"\nat_leest = 0.9\n')
    with pytest.raises(SettingsError, match="at_leest"):
        read_model_settings(file)


PAGE = Path(__file__).parents[3] / "docs" / "gate.md"


def test_the_page_about_the_gate_tells_the_defaults(tmp_path: Path) -> None:
    """Its example is the settings that hold without any; with its remarks taken for settings it is valid too."""
    example = PAGE.read_text().partition("```toml\n")[2].partition("```")[0]
    assert read_model_settings(write(tmp_path, example)).gate == Gate()
    everything = read_model_settings(write(tmp_path, example.replace("\n# ", "\n"))).gate
    assert everything.class_margin == 0.05
    assert everything.require == (Requirement(metric="recall", slice="class=3", at_least=0.9),)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('"4s"', "gate.probation: expected 5s or more, got 4s"),
        ('"soon"', "gate.probation: expected a length of time (90s, 15m, 12h, 7d, 2w), got 'soon'"),
    ],
)
def test_a_probation_has_a_length(tmp_path: Path, written: str, problem: str) -> None:
    """What is no length of time, or hardly any, is told with its key."""
    file = tmp_path / "model.toml"
    file.write_text(f"[gate]\nautomatic = true\nprobation = {written}\n")
    with pytest.raises(SettingsError) as caught:
        read_model_settings(file)
    assert problem in caught.value.message


def test_lengths_of_time_are_lengths_of_time(tmp_path: Path) -> None:
    """How long figures are kept is written as people write it; anything else is named with its key."""
    file = tmp_path / "modeltender.toml"
    file.write_text('[retention]\nminutes = "4w"\n')
    assert read_workspace_settings(file).retention.minutes == "4w"
    file.write_text('[retention]\nminutes = "for long"\nhours = "-1d"\n')
    with pytest.raises(SettingsError) as caught:
        read_workspace_settings(file)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "retention.minutes",
        "retention.hours",
    ]
