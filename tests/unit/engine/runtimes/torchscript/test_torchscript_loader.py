"""TorchScript modules as they really come: several inputs, answers of every kind, some that cannot be frozen."""

import importlib.util
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from storage.errors import JobError

MODULES = """
from typing import Dict, List, Tuple
import torch

class Two(torch.nn.Module):
    def forward(self, left: torch.Tensor, right: torch.Tensor, scale: float = 2.0) -> torch.Tensor:
        return left - scale * right

class Named(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        return {"a": x, "b": x + 1}

class Pair(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        return x, x + 1

class Words(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> str:
        return "no tensor"

class Counter(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls: int = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return x + 1
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Return the modules above, from a file: torch reads the source of what it compiles."""
    file = tmp_path_factory.mktemp("modules") / "scripted_modules.py"
    file.write_text(MODULES)
    spec = importlib.util.spec_from_file_location("scripted_modules", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scripted_modules"] = module
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, while it is imported
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def keep(modules: ModuleType, tmp_path: Path) -> Callable[[str], Any]:
    """Return a function that saves a module by name and loads it as a model process does."""
    from engine.runtimes.torchscript.loader import load

    def save_and_load(name: str) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit is deprecated, and the files are everywhere
            import torch

            torch.jit.script(getattr(modules, name)()).save(str(tmp_path / "m.pt"))
        return load(tmp_path / "m.pt", "cpu")

    return save_and_load


X = np.ones((3, 2), np.float32)


def test_inputs_have_the_names_of_forward(keep: Callable[[str], Any]) -> None:
    """What must be given is named; what has a default need not be given."""
    model = keep("Two")
    assert [spec.name for spec in model.inputs] == ["left", "right"]
    (answer,) = model.run([X * 5, X])
    assert answer.tolist() == [[3, 3]] * 3


@pytest.mark.parametrize("name", ["Named", "Pair"])
def test_dictionaries_and_tuples_become_outputs(name: str, keep: Callable[[str], Any]) -> None:
    """Several tensors come in the order in which the module gives them."""
    first, second = keep(name).run([X])
    assert (first.tolist(), second.tolist()) == ([[1, 1]] * 3, [[2, 2]] * 3)


def test_answers_that_are_no_tensors_are_an_error(keep: Callable[[str], Any]) -> None:
    """A string is no prediction."""
    with pytest.raises(JobError, match="not with tensors"):
        keep("Words").run([X])


def test_a_module_that_changes_itself_still_runs(keep: Callable[[str], Any]) -> None:
    """What cannot be frozen is run as it was saved."""
    (answer,) = keep("Counter").run([X])
    assert answer.tolist() == [[2, 2]] * 3


def test_inputs_that_must_not_be_written_are_taken(keep: Callable[[str], Any]) -> None:
    """A mapped file is read-only, and stays as it is."""
    frozen = X.copy()
    frozen.flags.writeable = False
    (answer,) = keep("Pair").run([frozen])[:1]
    assert answer.tolist() == [[1, 1]] * 3
