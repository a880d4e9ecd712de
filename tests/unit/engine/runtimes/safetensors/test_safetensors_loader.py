"""What an owner's loader gets, what it may give, and what is said when it does not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.processes.client import Hosts
from engine.processes.protocol import Evaluate
from engine.protocols import LoadedModel, TensorSpec
from engine.runtimes import runtime_for
from engine.runtimes.safetensors.loader import DTYPES, load
from engine.runtimes.safetensors.spec import BITS
from engine.runtimes_reference import EXAMPLE
from storage.errors import JobError
from storage.settings import LimitSettings
from storage.vocabulary import Format, Task
from tests.tiny_models import (
    PREPROCESS,
    digits,
    digits_file,
    expected_probabilities,
    safetensors,
    weights,
)

__all__ = ["digits_file"]

GIVE = "def load(weights, device):\n    return lambda x: {}\n"


def loaded(
    folder: Path, source: str, tensors: "dict[str, tuple[str, NDArray[Any]]] | None" = None
) -> LoadedModel:
    """Return what a loader makes of some tensors."""
    file = folder / "m.safetensors"
    file.write_bytes(safetensors(tensors or {"w": ("F32", np.arange(3, dtype="<f4"))}))
    return load(file, "cpu", loader="loader.py", source=source)


def tensor_as_read(folder: Path, dtype: str, array: "NDArray[Any]") -> "NDArray[Any]":
    """Return a tensor as a loader gets it."""
    source = "def load(weights, device):\n    return lambda x: weights['w'][None]\n"
    (answer,) = loaded(folder, source, {"pad": ("U8", np.zeros(3, "u1")), "w": (dtype, array)}).run(
        (np.zeros((1, 1), np.float32),)
    )
    read: NDArray[Any] = answer[0]
    return read


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name not in {"BF16", "C64"}])
def test_every_number_is_as_it_was_saved(dtype: str, tmp_path: Path) -> None:
    """Of each type that numpy has, wherever its bytes lie."""
    saved = np.random.default_rng(0).integers(0, 100, (2, 3)).astype(DTYPES[dtype])
    read = tensor_as_read(tmp_path, dtype, saved)
    assert read.dtype == saved.dtype
    np.testing.assert_array_equal(read, saved)


def test_a_bfloat16_is_the_float32_of_the_same_value(tmp_path: Path) -> None:
    """Also the largest, the smallest, infinity and what is no number."""
    import torch

    values = [0.0, -0.0, 1.0, -1.5, 3.3895314e38, 1e-40, 0.1, float("inf"), float("nan")]
    tensor = torch.tensor(values).to(torch.bfloat16)
    read = tensor_as_read(tmp_path, "BF16", tensor.view(torch.int16).numpy().view("<u2"))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, tensor.float().numpy())


def test_empty_and_single_numbers_are_tensors_too(tmp_path: Path) -> None:
    """A shape without axes, and one that holds nothing."""
    tensors = {"none": ("F32", np.zeros((0, 4), "<f4")), "one": ("F64", np.array(2.5))}
    source = "def load(weights, device):\n    s = str({k: v.shape for k, v in weights.items()})\n    raise ValueError(s)\n"
    with pytest.raises(JobError, match=r"\{'none': \(0, 4\), 'one': \(\)\}"):
        loaded(tmp_path, source, tensors)


@pytest.mark.parametrize("dtype", sorted(set(BITS) - set(DTYPES)))
def test_types_that_numpy_lacks_are_refused_in_words(dtype: str, tmp_path: Path) -> None:
    """Nothing is guessed about numbers of eight bits or fewer."""
    content = np.zeros(BITS[dtype], "u1")
    file = tmp_path / "m.safetensors"
    written = safetensors({"w": (dtype, content)}).replace(
        f'"shape": [{BITS[dtype]}]'.encode(), b'"shape": [8]'
    )
    file.write_bytes(written)
    with pytest.raises(JobError, match=f"holds w as {dtype}, a type that numpy lacks") as caught:
        load(file, "cpu", loader="loader.py", source=GIVE)
    assert "F32" in caught.value.hint


def test_a_file_says_what_its_model_takes_and_gives(tmp_path: Path) -> None:
    """Names in their order, shapes as far as they are fixed, types as numpy calls them."""
    says = 'INPUTS = {"a": ([None, 3], "float32"), "b": (None, "")}\nOUTPUTS = {"y": ([None], "float")}\n'
    model = loaded(tmp_path, says + "def load(weights, device):\n    return lambda a, b: (a, b)\n")
    assert model.inputs == (TensorSpec("a", (None, 3), "float32"), TensorSpec("b", None, ""))
    assert model.outputs == (TensorSpec("y", (None,), "float64"),)
    first, second = np.ones((2, 3), np.float32), np.zeros((2, 1), np.float32)
    assert [answer.tolist() for answer in model.run((first, second))] == [first.tolist(), second.tolist()]


def test_a_file_that_says_nothing_takes_one_input(tmp_path: Path) -> None:
    """Of any shape; what it gives is seen when it answers."""
    model = loaded(tmp_path, GIVE.format("x"))
    assert (model.inputs, model.outputs) == ((TensorSpec("input", None, ""),), ())


def test_what_may_only_be_read_is_copied(tmp_path: Path) -> None:
    """A network that changes its input does not change the data."""
    data = np.ones((2, 3), np.float32)
    data.flags.writeable = False
    (answer,) = loaded(tmp_path, GIVE.format("x.__imul__(2)")).run((data,))
    assert answer.sum() == 12
    assert data.sum() == 6


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def load(:\n", r"^loader\.py does not run, line 1: SyntaxError"),
        (
            "import numpy\nraise ValueError('bad\\x1b[2J')",
            r"^loader\.py does not run, line 2: ValueError: bad",
        ),
        ("x = 1\n", r"^loader\.py has no function load\."),
        ("load = 3\n", r"^loader\.py has no function load\."),
        ("def load(weights):\n    pass\n", r"^loader\.py failed in load: TypeError"),
        (
            "def load(weights, device):\n    return weights\n",
            r"^load of loader\.py gave dict, which takes no arrays",
        ),
        ("INPUTS = ['x']\n" + GIVE, r"^INPUTS of loader\.py is not understood"),
        ("OUTPUTS = {'x': ([1], 'float31')}\n" + GIVE, r"^OUTPUTS of loader\.py is not understood"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, source: str, words: str) -> None:
    """Its author reads where, and what it should hold."""
    with pytest.raises(JobError, match=words) as caught:
        loaded(tmp_path, source.replace("{}", "x"))
    assert caught.value.message.isprintable()
    assert caught.value.hint


def test_what_fails_in_an_answer_has_its_line(tmp_path: Path) -> None:
    """Whoever asked adds what the model was given."""
    with pytest.raises(
        RuntimeError, match=r"^loader\.py failed, line 2: ZeroDivisionError: division by zero\."
    ):
        loaded(tmp_path, GIVE.format("1 / 0")).run((np.zeros((1, 1)),))


@pytest.mark.parametrize("answer", ["{'a': x}", "'text'", "None", "x.astype(str)"])
def test_what_is_no_number_is_no_answer(tmp_path: Path, answer: str) -> None:
    """No figure can be computed from it."""
    with pytest.raises(JobError, match=r"not with arrays of numbers"):
        loaded(tmp_path, GIVE.format(answer)).run((np.zeros((1, 1)),))


def test_without_torch_there_is_no_other_device(tmp_path: Path) -> None:
    """The sentence says what to install."""
    with pytest.raises(JobError, match="weights cannot run on cuda:0") as caught:
        load(tmp_path / "m", "cuda:0", loader="loader.py", source="")
    assert "modeltender[torch]" in caught.value.hint


def test_the_loader_of_the_documentation_works(tmp_path: Path, digits_file: Path) -> None:
    """In its real process: a network of torch that gets the weights of the classifier of digits."""
    kernel, bias = weights()
    file = tmp_path / "m.safetensors"
    file.write_bytes(
        safetensors({"1.weight": ("F32", np.ascontiguousarray(kernel.T)), "1.bias": ("F32", bias)})
    )
    hosts = Hosts(scratch=tmp_path / "scratch", limits=LimitSettings())
    try:
        told = (("loader", "loader.py"), ("source", EXAMPLE))
        process = hosts.open(file, runtime_for(Format.SAFETENSORS), "cpu", [digits_file], options=told)
        request = Evaluate(str(digits_file), Task.CLASSIFICATION, (), PREPROCESS[Format.SAFETENSORS])
        found = process.evaluate(request, on_progress=lambda _done, _total: None, deadline_s=60)
    finally:
        hosts.close()
    accuracy = next(metric.value for metric in found.metrics if metric.name == "accuracy")
    assert accuracy == (expected_probabilities().argmax(axis=1) == digits()[1][1000:]).mean()
