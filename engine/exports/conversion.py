"""Doing one conversion, inside the model process that has loaded what is converted.

Owns where the result lies and which examples a converter gets. It must not know any framework.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from numpy.typing import NDArray

from engine.data.examples import open_examples
from engine.evaluation.predicting import gathered, spread
from engine.evaluation.runs import fixed_size
from engine.processes.export_messages import WRITTEN, Converted, Export
from engine.processes.protocol import Load
from engine.protocols import Conversion, Converter, LoadedModel


def convert(model: LoadedModel, loaded: Load, request: Export, scratch: Path) -> Converted:
    """Write what ``request`` asks for of ``model``, which was loaded as ``loaded`` says, into the folder for results.

    Raises:
        JobError: the converter's reasons.
    """
    folder = scratch / WRITTEN
    folder.mkdir()
    converter: Converter = resolve_name(request.converter)

    def examples(count: int) -> "Iterator[tuple[NDArray[Any], ...]]":
        found = open_examples(Path(request.data), request.preprocess, model.inputs)
        for place in spread(found.rows, count):
            yield gathered(found, [place], fixed_size(model))

    began = time.perf_counter()
    converter(
        Conversion(
            artefact=Path(loaded.artefact),
            destination=folder / request.artefact,
            quantize=request.quantize,
            inputs=model.inputs,
            examples=examples,
            trusted=loaded.trusted,
            options=loaded.options,
            temperature=request.temperature,
        )
    )
    return Converted(time.perf_counter() - began)
