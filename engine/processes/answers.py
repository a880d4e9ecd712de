"""Whether what a model process answered can be true.

A model process may be in the hands of the model, so its answers are claims. Their shape is checked while
they are decoded (`engine.processes.protocol`); here their figures are held against each other and against
what the engine saw itself. A model that lies consistently about its own quality cannot be caught by this:
it only fools its owner, whose model it is.
"""

import math
import re
import string
import sys
from array import array
from collections.abc import Sequence
from typing import Final

import msgspec

from engine.data.descriptions import ClassCount, PartDescription
from engine.processes.export_messages import MAXIMUM_OUTPUT_BYTES, Predict, Predicted, TemperatureFitted
from engine.processes.probes import MAXIMUM_BYTES, PlainArray, Probe, Probed, Repeated
from engine.processes.protocol import (
    AnswerSome,
    Described,
    Divided,
    Evaluated,
    FromModel,
    LatencyMeasured,
    Loaded,
    MeasureLatency,
    Prepared,
    Progress,
    SomeAnswered,
    Told,
)
from engine.processes.wire import NonsenseError
from engine.protocols import TensorSpec
from engine.repository.examine import Examined
from engine.training.requests import EpochDone, Trained, TrainModel
from storage.records import Metric
from storage.text import NAME, clean
from storage.training_records import Epoch

CLOCKS_S: Final = 0.05
"""Two processes may disagree by this much about how long something took."""

SHA256_DIGITS: Final = 64

PLACE_BYTES: Final = 4
"""Of the place of an example, as it is asked for."""

MAXIMUM_PARAMETERS: Final = 1 << 63
"""More than the database can count; no machine holds as many."""

MAXIMUM_EPOCH_FIGURES: Final = 16
"""Figures of one epoch; there are four."""

AXES: Final = 64
"""Axes of an array, as numpy limits them; every shape is kept and shown."""

WIDTHS: Final = {"bool": 1} | {
    f"{kind}{8 * width}": width
    for kind, widths in (("int", (1, 2, 4, 8)), ("uint", (1, 2, 4, 8)), ("float", (2, 4, 8)))
    for width in widths
}
"""Bytes of one number of each kind that an array may have."""

CHARACTER: Final = 4
TEXTS: Final = re.compile(r"[<>]U([1-9]\d{0,5})")
"""numpy's texts of so many characters of four bytes each: names of classes. They are compared, and never read as text."""

_decoder: msgspec.msgpack.Decoder[FromModel] = msgspec.msgpack.Decoder(FromModel)


def decode(payload: bytes) -> FromModel:
    """Return the message in ``payload``.

    Raises:
        NonsenseError: it is none that a model process may send.
    """
    try:
        return _decoder.decode(payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise NonsenseError(f"not a message: {error}") from None


def checked_progress(progress: Progress) -> Progress:
    """Return ``progress`` with its figure's name cleaned, if it is not beyond the end."""
    _claim(0 <= progress.done <= progress.total, f"{progress.done} of {progress.total} done")
    if progress.figure is None:
        return progress
    return msgspec.structs.replace(progress, figure=_checked_metric(progress.figure))


def checked_loaded(loaded: Loaded, *, wall_s: float, peak_rss_bytes: int | None) -> Loaded:
    """Return ``loaded`` with its names cleaned and with the time and memory that the engine measured itself."""
    _claim(
        loaded.parameters is None or 0 <= loaded.parameters < MAXIMUM_PARAMETERS,
        f"{loaded.parameters} parameters",
    )
    return msgspec.structs.replace(
        loaded,
        inputs=tuple(_checked_tensor(tensor) for tensor in loaded.inputs),
        outputs=tuple(_checked_tensor(tensor) for tensor in loaded.outputs),
        versions={clean(name, NAME): clean(found, NAME) for name, found in loaded.versions.items()},
        load_s=wall_s,
        peak_rss_bytes=peak_rss_bytes or 0,
    )


def checked_evaluated(evaluated: Evaluated, *, wall_s: float) -> Evaluated:
    """Return ``evaluated`` with its names cleaned, if its figures agree with each other and with the clock."""
    rows = evaluated.rows
    _claim(rows > 0, f"{rows} rows")
    _claim(evaluated.batch_size > 0, f"a batch size of {evaluated.batch_size}")
    _claim(0 < evaluated.duration_s <= wall_s + CLOCKS_S, f"{evaluated.duration_s} s in {wall_s:.3f} s")
    _check_digest(evaluated.dataset_sha256)
    _claim(
        evaluated.correct is None or len(evaluated.correct) == (rows + 7) // 8, "outcomes of another data set"
    )
    _check_examples(evaluated)
    _check_confusion(evaluated)
    metrics = tuple(_checked_metric(metric) for metric in evaluated.metrics)
    _claim(len({(metric.name, metric.slice) for metric in metrics}) == len(metrics), "a figure twice")
    notes = tuple(clean(note) for note in evaluated.notes)
    return msgspec.structs.replace(evaluated, metrics=metrics, notes=notes)


def checked_some(answered: SomeAnswered, request: AnswerSome) -> SomeAnswered:
    """Return ``answered`` if it is about as many examples as were asked for."""
    asked = len(request.places) // PLACE_BYTES
    _claim(answered.rows > 0, f"{answered.rows} rows")
    _check_digest(answered.dataset_sha256)
    _claim(len(answered.right) == (asked + 7) // 8, "answers to other examples")
    _claim((answered.scale is None) == (asked == 0), "a scale of nothing")
    return answered


def checked_latency(measured: LatencyMeasured, request: MeasureLatency, *, wall_s: float) -> LatencyMeasured:
    """Return ``measured`` if so many queries can have taken so long."""
    durations, elapsed_s = measured.latencies_ms, measured.elapsed_s
    _claim(0 < len(durations) <= request.queries, f"{len(durations)} queries of {request.queries}")
    _claim(all(math.isfinite(duration) and duration > 0 for duration in durations), "an impossible duration")
    _claim(0 < elapsed_s <= wall_s + CLOCKS_S, f"{elapsed_s} s in {wall_s:.3f} s")
    # Queries one after another fill the time; queries that arrive by a schedule wait at the same time.
    together_s = (sum if request.traffic is None else max)(durations) / 1000
    _claim(together_s <= elapsed_s + CLOCKS_S, f"{together_s:.3f} s in {elapsed_s:.3f} s")
    _claim(measured.warmup >= 0, f"{measured.warmup} queries of warm-up")
    most_unserved = 0 if request.traffic is None else len(durations)
    _claim(0 <= measured.unserved <= most_unserved, f"{measured.unserved} queries unserved")
    return measured


def checked_probed(probed: Probed, request: Probe) -> Probed:
    """Return ``probed`` with its names cleaned, if its arrays are what they say and answer what was asked."""
    for arrays in (probed.inputs, probed.outputs):
        _claim(bool(arrays), "no arrays")
        _claim(sum(len(array.data) for array in arrays) <= MAXIMUM_BYTES, "larger arrays than it may")
        for given in arrays:
            _check_array(given)
    rows = {array.shape[0] for array in (*probed.inputs, *probed.outputs)}
    _claim(len(rows) == 1 and min(rows) > 0, f"answers to {rows} examples")
    _claim(not request.inputs or probed.inputs == request.inputs, "other examples than it was given")
    _claim(probed.weights is None or probed.weights >= len(probed.broken_weights), "more weights than it has")
    return msgspec.structs.replace(
        probed, broken_weights=tuple(clean(name, NAME) for name in probed.broken_weights)
    )


def checked_repeated(repeated: Repeated) -> Repeated:
    """Return ``repeated`` if it says that anything was done at all."""
    _claim(repeated.times > 0, f"{repeated.times} times")
    return repeated


def checked_predicted(predicted: Predicted, request: Predict) -> Predicted:
    """Return ``predicted`` if there are as many numbers as it says, and no more examples than were asked for."""
    _claim(0 < predicted.rows <= request.rows, f"{predicted.rows} examples of {request.rows}")
    _claim(0 < predicted.width <= MAXIMUM_OUTPUT_BYTES, f"rows of {predicted.width} numbers")
    _claim(len(predicted.values) == 4 * predicted.rows * predicted.width, "outputs of another shape")
    return predicted


def checked_temperature(fitted: TemperatureFitted) -> TemperatureFitted:
    """Return ``fitted`` if its numbers are numbers, and of some examples."""
    known = fitted.temperature
    _claim(fitted.n > 0, f"{fitted.n} examples")
    _check_digest(fitted.dataset_sha256)
    _claim(math.isfinite(known.value) and known.value > 0, f"a temperature of {known.value}")
    _claim(0 <= known.place < MAXIMUM_OUTPUT_BYTES and known.width > 0, f"an output at {known.place}")
    losses = (fitted.loss_before, fitted.loss_after, fitted.gain_low)
    errors = tuple(error for error in (fitted.ece_before, fitted.ece_after) if error is not None)
    _claim(all(map(math.isfinite, (*losses, *errors))), "losses that are no numbers")
    return fitted


def checked_prepared(prepared: Prepared) -> Prepared:
    """Return ``prepared`` if there are rows in it."""
    _claim(prepared.rows > 0 and prepared.bytes > 0, f"{prepared.rows} rows in {prepared.bytes} bytes")
    return prepared


def checked_described(described: Described, sources: int) -> Described:
    """Return ``described`` with its texts cleaned, if it is about so many data sets."""
    _claim(len(described.parts) == sources, f"{len(described.parts)} descriptions of {sources} data sets")
    _claim(all(part.rows >= 0 for part in described.parts), "a negative number of examples")
    places = range(sources)
    _claim(
        all(one.first in places and one.second in places for one in described.shared), "parts that are none"
    )
    return msgspec.structs.replace(described, parts=tuple(map(_checked_part, described.parts)))


def checked_divided(divided: Divided) -> Divided:
    """Return ``divided`` with its name cleaned, if there are examples in it."""
    _claim(min(divided.rows) >= 0 and sum(divided.rows) > 0, f"parts of {divided.rows} examples")
    return msgspec.structs.replace(divided, name=clean(divided.name, NAME))


def checked_epoch(done: EpochDone) -> EpochDone:
    """Return ``done`` with its names cleaned, if its figures are numbers and its checkpoint is a plain name."""
    epoch = done.epoch
    _claim(epoch.number > 0 and 0 <= epoch.duration_s < math.inf, f"epoch {epoch.number}")
    _claim(len(epoch.figures) <= MAXIMUM_EPOCH_FIGURES, f"{len(epoch.figures)} figures of an epoch")
    _claim(all(map(math.isfinite, epoch.figures.values())), "a figure that is no number")
    _check_file_name(done.checkpoint)
    figures = {clean(name, NAME): value for name, value in epoch.figures.items()}
    return msgspec.structs.replace(done, epoch=Epoch(epoch.number, epoch.duration_s, figures))


def checked_trained(trained: Trained, request: TrainModel) -> Trained:
    """Return ``trained`` with its texts cleaned, if it can have come of the request."""
    _check_file_name(trained.artefact)
    _claim(0 <= trained.best_epoch <= request.epochs, f"epoch {trained.best_epoch} of {request.epochs}")
    _claim(trained.train_rows > 0 and trained.validation_rows >= 0, f"{trained.train_rows} rows")
    for digest in filter(None, (trained.train_sha256, trained.validation_sha256)):
        _claim(len(digest) == SHA256_DIGITS and set(digest) <= set(string.hexdigits.lower()), "no SHA-256")
    versions = {clean(name, NAME): clean(found, NAME) for name, found in trained.versions.items()}
    return msgspec.structs.replace(trained, versions=versions)


def _check_file_name(name: str) -> None:
    plain = name == clean(name, NAME) and "/" not in name and not name.startswith(".")
    _claim(bool(name) and plain, "a file that is not in its scratch folder")


def checked_told(told: Told, known: Sequence[frozenset[str]]) -> Told:
    """Return ``told`` with its texts cleaned, if it names nothing but what is ``known`` of each thing."""
    _claim(len(told.found) <= len(known), f"{len(told.found)} answers about {len(known)} things")
    return Told(tuple(map(_checked_examined, told.found, known)))


def _checked_examined(examined: Examined, known: frozenset[str]) -> Examined:
    files = examined.files
    _claim(files[:1] == ((examined.artefact,) if examined.artefact else ()), "files without their first")
    _claim(len(set(files)) == len(files), "a file twice")
    _claim(
        not any(file.startswith("/") or ".." in file.split("/") for file in files), "a file of another folder"
    )
    _claim(examined.format is None or bool(files), "a model that is no file")
    _claim(examined.format is not None or bool(examined.reason), "no reason")
    _claim(examined.on_trust is None or (examined.format is None and bool(files)), "trust in nothing")
    unknown = next((file for file in files if file not in known), None)
    if unknown is None:
        evidence = tuple(clean(name, NAME) for name in examined.evidence)
        return msgspec.structs.replace(examined, reason=clean(examined.reason), evidence=evidence)
    # It came after the listing, or has the name of what is not finished; the next listing tells.
    reason = f"{clean(examined.artefact, NAME)} needs {clean(unknown, NAME)}, which is not listed beside it"
    return Examined(reason=reason, complete=False)


def _checked_part(part: PartDescription) -> PartDescription:
    return msgspec.structs.replace(
        part,
        name=clean(part.name, NAME),
        target=clean(part.target, NAME),
        columns=tuple(
            msgspec.structs.replace(column, name=clean(column.name, NAME), dtype=clean(column.dtype, NAME))
            for column in part.columns
        ),
        classes=tuple(ClassCount(clean(one.label, NAME), one.n) for one in part.classes),
    )


def _check_examples(evaluated: Evaluated) -> None:
    """Names and values are compared with others later, so they must be fit for it."""
    names = {values.name for values in evaluated.examples}
    _claim(len(names) == len(evaluated.examples), "values of examples twice")
    for values in evaluated.examples:
        _claim(values.name == clean(values.name, NAME), "values of examples without a name")
        width = int(values.kind[1:])
        _claim(len(values.data) == width * evaluated.rows, f"{values.name} of another data set")
        if values.kind == "f4":
            numbers = array("f", values.data)
            if sys.byteorder == "big":
                numbers.byteswap()
            # A sum of numbers of single precision cannot overflow, so it is finite just where each of them is.
            _claim(math.isfinite(sum(numbers)), f"{values.name} that is no number")


def _check_confusion(evaluated: Evaluated) -> None:
    matrix = evaluated.confusion
    if matrix is None:
        return
    _claim(all(len(row) == len(matrix) for row in matrix), "a confusion matrix that is not square")
    _claim(all(count >= 0 for row in matrix for count in row), "a negative count")
    _claim(sum(map(sum, matrix)) == evaluated.rows, "a confusion matrix of another data set")


def _checked_metric(metric: Metric) -> Metric:
    _claim(metric.n >= 0, f"{metric.n} examples")
    _claim(math.isfinite(metric.value), f"{metric.name} = {metric.value}")
    low = metric.value if metric.low is None else metric.low
    high = metric.value if metric.high is None else metric.high
    _claim(low <= metric.value <= high, f"{metric.name} outside its interval")
    return msgspec.structs.replace(metric, name=clean(metric.name, NAME), slice=clean(metric.slice, NAME))


def _check_array(array: PlainArray) -> None:
    """Its bytes are read as numbers or compared as texts later, so there must be as many as it says."""
    _claim(
        0 < len(array.shape) <= AXES and all(0 < size < 1 << 31 for size in array.shape),
        f"a shape of {array.shape}",
    )
    texts = TEXTS.fullmatch(array.dtype)
    width = WIDTHS.get(array.dtype) if texts is None else CHARACTER * int(texts[1])
    _claim(width is not None, f"an array of {clean(array.dtype, NAME)}")
    _claim(
        math.prod(array.shape) * (width or 0) == len(array.data), f"{len(array.data)} bytes of {array.shape}"
    )


def _checked_tensor(tensor: TensorSpec) -> TensorSpec:
    shape = tensor.shape or ()
    _claim(len(shape) <= AXES, f"a shape of {len(shape)} axes")
    _claim(all(size is None or size >= 0 for size in shape), f"a shape of {shape}")
    return msgspec.structs.replace(tensor, name=clean(tensor.name, NAME), dtype=clean(tensor.dtype, NAME))


def _check_digest(digest: str) -> None:
    _claim(len(digest) == SHA256_DIGITS and set(digest) <= set(string.hexdigits.lower()), "no SHA-256")


def _claim(true: bool, otherwise: str) -> None:  # noqa: FBT001 - the claim reads as the sentence's subject
    if not true:
        raise NonsenseError(otherwise)
