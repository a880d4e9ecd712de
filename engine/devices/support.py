"""Which runtimes are installed, told from the metadata of their distributions without importing any of them."""

from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from engine.protocols import RuntimeSpec


def installed(spec: RuntimeSpec) -> dict[str, Distribution]:
    """Return the installed distributions of a runtime, by the names that are shown."""
    found = ((name, _first(_providers(spec, name))) for name in spec.distributions)
    return {name: one for name, one in found if one is not None}


def complete(spec: RuntimeSpec) -> bool:
    """Whether everything that a runtime needs is installed."""
    return len(installed(spec)) == len(spec.distributions)


def _providers(spec: RuntimeSpec, name: str) -> Iterator[str]:
    yield name
    for shown, provider in spec.alternatives:
        if shown == name:
            yield provider


def _first(names: Iterator[str]) -> Distribution | None:
    for name in names:
        try:
            return distribution(name)
        except PackageNotFoundError:  # the next name may provide it
            continue
    return None
