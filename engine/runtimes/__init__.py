"""One folder per model format, and the list of them.

Owns the registry: which runtimes there are, which of them runs a format, and what a file is. Importable
without any framework; what loads a model is named in its spec and resolved in a model process only.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.artefacts import foreign
from engine.artefacts.archive import MAGIC, Archive, open_archive
from engine.artefacts.content import Content, ContentError, CutShortError, HarmfulError
from engine.artefacts.doubts import Doubt
from engine.installed import version_of
from engine.protocols import Options, Recognition, RuntimeSpec
from engine.runtimes.keras import spec as keras_spec
from engine.runtimes.litert import spec as litert_spec
from engine.runtimes.onnx import spec as onnx_spec
from engine.runtimes.openvino import spec as openvino_spec
from engine.runtimes.safetensors import spec as safetensors_spec
from engine.runtimes.savedmodel import spec as savedmodel_spec
from engine.runtimes.torchexport import spec as torchexport_spec
from engine.runtimes.torchscript import spec as torchscript_spec
from storage.settings import RuntimeOptions
from storage.text import NAME, clean
from storage.vocabulary import Format

_MODULES = (
    keras_spec,
    savedmodel_spec,
    torchscript_spec,
    torchexport_spec,
    litert_spec,
    openvino_spec,
    safetensors_spec,
    onnx_spec,
)

_RECOGNISERS: tuple[Callable[[Content, Archive | None], Recognition | None], ...] = tuple(
    module.recognise for module in _MODULES
)


def installed_versions(spec: RuntimeSpec) -> dict[str, str]:
    """Return the versions of a runtime's distributions, empty where one of them is missing."""
    versions: dict[str, str] = {}
    for shown in spec.distributions:
        others = (installed for name, installed in spec.alternatives if name == shown)
        version = next(filter(None, map(version_of, (shown, *others))), None)
        if version is None:
            return {}
        versions[shown] = version
    return versions


def _installed(spec: RuntimeSpec) -> RuntimeSpec:
    """Return what executes a runtime's formats with what is installed: itself, unless only its stand-in is."""
    if spec.stand_in and not installed_versions(spec) and installed_versions(spec.stand_in):
        return spec.stand_in
    return spec


RUNTIMES: tuple[RuntimeSpec, ...] = tuple(_installed(module.SPEC) for module in _MODULES)
"""Every runtime, in the order in which their recognisers are asked."""


def runtime_for(wanted: Format) -> RuntimeSpec:
    """Return the runtime that executes a format; every format has one, which a test holds."""
    return next(spec for spec in RUNTIMES if wanted in spec.formats)


def chosen_options(spec: RuntimeSpec, settings: RuntimeOptions) -> Options:
    """Return the options of a runtime that a model's settings say; what is meant for other formats is left out."""
    usual = RuntimeOptions()
    found = ((name, getattr(settings, name)) for name in sorted(spec.options))
    return tuple((name, value) for name, value in found if value != getattr(usual, name))


def recognise(artefact: Path) -> Recognition:
    """Return what a file or folder is, by its content; never raises, whatever the content."""
    name = clean(artefact.name, NAME)
    try:
        found = _recognise(artefact)
    except CutShortError as error:
        return Recognition(None, f"{name} {error}", complete=False)
    except HarmfulError as error:
        return Recognition(None, f"{name} {error}", refused=True)
    except ContentError as error:
        return Recognition(None, f"{name} {error}")
    except OSError as error:
        return Recognition(None, f"{name} cannot be read ({error.strerror or error})")
    except Exception as error:  # noqa: BLE001 - a stranger's bytes; whatever they upset, the answer is no
        greedy = isinstance(error, MemoryError)
        what = "needs more memory to be examined than any model does" if greedy else "is damaged"
        return Recognition(None, f"{name} {what} ({clean(type(error).__name__)})", refused=greedy)
    return found if found.doubt is None or found.format is None else _doubted(name, found, found.doubt)


def _doubted(name: str, found: Recognition, doubt: Doubt) -> Recognition:
    """Return what is in order but for a doubt as something that must not be tried, unless its owner trusts it."""
    return msgspec.structs.replace(
        found,
        format=None,
        reason=f"{name} {doubt.reason}",
        refused=doubt.harmful,
        on_trust=found.format,
    )


def _recognise(artefact: Path) -> Recognition:
    if artefact.is_dir() and not artefact.is_symlink():
        graph = artefact / savedmodel_spec.NAME
        if graph.is_file():
            return recognise(graph)
        raise ContentError(foreign.describe_folder(artefact))
    with Content(artefact) as content:
        if content.size == 0:
            raise CutShortError("is empty")
        archive = open_archive(content) if content.head.startswith(MAGIC) else None
        for ask in _RECOGNISERS:
            found = ask(content, archive)
            if found is not None:
                return found
        if archive is not None:
            raise ContentError(foreign.describe_archive(archive))
        raise ContentError(foreign.describe_file(content))
