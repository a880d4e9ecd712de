"""Which names of a pickle are told as an attack, and which only as no model."""

import pytest

from engine.artefacts.pickles import UNRESOLVED, dangerous, unneeded

HONEST = [
    "torch._utils._rebuild_tensor_v2",
    "torch.FloatStorage",
    "torch.nn.modules.linear.Linear",
    "torch.nn.functional.relu",
    "collections.OrderedDict",
    "numpy._core.multiarray._reconstruct",
    "numpy.random._pickle.__generator_ctor",
    "sklearn.linear_model._logistic.LogisticRegression",
    "scipy.sparse._csr.csr_matrix",
    "__main__.Net",
    "somebody.models.Network",
]

HARMFUL = [
    "posix.system",
    "builtins.eval",
    "functools.partial",
    "pip.main",
    "pip._internal.cli.main.main",
    "numpy.f2py.crackfortran.myeval",
    "torch.jit.unsupported_tensor_ops.execWrapper",
    "torch.utils.collect_env.run",
    "somebody.tools._run",
    UNRESOLVED,
]


@pytest.mark.parametrize("name", HONEST)
def test_what_honest_pickles_name_is_no_attack(name: str) -> None:
    """A model that was pickled by mistake is told as that."""
    assert dangerous((name,)) is None


@pytest.mark.parametrize("name", HARMFUL)
def test_a_function_of_any_package_is_an_attack(name: str) -> None:
    """Whatever package it comes from, a function that no tensor needs is named; it stands among good names."""
    assert dangerous(("collections.OrderedDict", name)) == name
    assert unneeded(("collections.OrderedDict", name)) == name


def test_what_is_to_be_opened_needs_tensors_only() -> None:
    """In what is opened, even an honest class is one too many."""
    assert (
        unneeded(("torch._utils._rebuild_tensor_v2", "torch.FloatStorage", "collections.OrderedDict")) is None
    )
    assert unneeded(("torch.nn.modules.linear.Linear",)) == "torch.nn.modules.linear.Linear"
