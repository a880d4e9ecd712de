"""Which ways there are, and what is said where there is none."""

from importlib import metadata

import pytest

from engine.exports import NOT_HERE, ROUTES, way_to, ways, why_not
from engine.runtimes import RUNTIMES
from storage.vocabulary import Format, Quantization

each_format = pytest.mark.parametrize("source", list(Format))


@each_format
def test_variants_of_a_format_have_names_of_their_own(source: Format) -> None:
    """A variant is kept by its name."""
    names = [way.name for way in ways(source)]
    assert len(set(names)) == len(names)
    assert str(source) not in names


@each_format
def test_a_way_leads_from_its_source_to_its_target(source: Format) -> None:
    """Of two routes in a row the second one takes what the first one makes, and smaller numbers come last."""
    for way in ways(source):
        first, last = way.routes[0], way.routes[-1]
        assert source in first.sources
        assert len(way.routes) == 1 or (first.target in last.sources and first.quantize is None)
        assert way_to(source, way.target, way.quantize) == way


def test_smaller_numbers_are_reached_over_a_format_that_has_them() -> None:
    """TorchScript has no integers here; the ONNX that it becomes does."""
    way = way_to(Format.TORCHSCRIPT, Format.ONNX, Quantization.INT8)
    assert way is not None
    assert [route.name for route in way.routes] == ["onnx", "onnx-int8"]
    assert way.calibrated


def test_every_route_runs_where_its_sources_do() -> None:
    """A route names the host whose processes have loaded what it converts."""
    frameworks = {wanted: spec.framework for spec in RUNTIMES for wanted in spec.formats}
    assert all(route.framework == frameworks[source] for route in ROUTES for source in route.sources)


def test_what_is_missing_has_a_reason_and_no_way() -> None:
    """A reason that outlives its route would be a lie."""
    for source, target in NOT_HERE:
        assert way_to(source, target, None) is None
        assert NOT_HERE[source, target] in why_not(source, target, None)


def test_a_no_says_what_there_is_instead() -> None:
    """A person learns why, and what can be had."""
    assert why_not(Format.KERAS, Format.ONNX, None) == (
        "There is no way from keras to onnx: Keras writes ONNX through tf2onnx, which is not among the packages here. "
        "keras can become: saved-model, litert, litert-float16, litert-dynamic, litert-int8."
    )
    assert why_not(Format.LITERT, Format.LITERT, None) == (
        "There is no way from litert to litert: it is that already. Nothing can be made of litert here."
    )
    assert why_not(Format.KERAS, Format.SAVED_MODEL, Quantization.INT8).startswith(
        "There is no way from keras to saved-model with int8. "
    )


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way that lacks a package says which."""

    def version(name: str) -> str:
        if name == "onnx":
            raise metadata.PackageNotFoundError(name)
        return "1"

    way = way_to(Format.ONNX, Format.ONNX, Quantization.DYNAMIC)
    assert way is not None
    assert not way.lacking
    monkeypatch.setattr(metadata, "version", version)
    assert way.lacking == ("onnx",)
