"""SavedModels whose graph attacks: it reads, writes, lists or calls, takes all memory, or never answers.

Owns the writers. TensorFlow is imported when the first is called.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sample_models.hostile.attack import Attack, Stop
from storage.vocabulary import Format

TEBIBYTE = 2**38
"""Floats of 4 bytes that make one TiB."""

FILLED = 64
"""Files of 1 MiB: more than a small limit allows, less than any disk lacks."""

Compute = Callable[[Any, Any, str], Any]
"""What a graph answers, given TensorFlow, a vector and the path of the canary."""


def graph(compute: Compute) -> Callable[[Path, Path], Path]:
    """Return a writer of SavedModels whose only signature is ``compute``."""

    def write(folder: Path, canary: Path) -> Path:
        import tensorflow as tf

        made = tf.Module()
        signature = [tf.TensorSpec([None], tf.float32, "x")]
        made.f = tf.function(
            lambda x: compute(tf, x, str(canary)), input_signature=signature, autograph=False
        )
        tf.saved_model.save(made, folder, signatures=made.f)
        return folder

    return write


def _reading(tf: Any, x: Any, path: str) -> Any:
    """Answer with the length of a file."""
    return x + _length(tf, tf.io.read_file(path))


def _reading_whole(tf: Any, x: Any, path: str) -> Any:
    """The same through a reader of TensorFlow 1, which scanners have missed."""
    raw = tf.raw_ops
    queue = raw.FIFOQueueV2(component_types=[tf.string])
    with tf.control_dependencies([raw.QueueEnqueueV2(handle=queue, components=[tf.constant(path)])]):
        reader = raw.WholeFileReaderV2()
    return x + _length(tf, raw.ReaderReadV2(reader_handle=reader, queue_handle=queue).value)


def _reading_lines(tf: Any, x: Any, path: str) -> Any:
    """The same through a data set of lines."""
    lines = tf.data.TextLineDataset(path)
    return x + _length(tf, lines.reduce(tf.constant(""), lambda before, line: before + line))


def _listing(tf: Any, x: Any, path: str) -> Any:
    """Answer with how many files have such a name."""
    return x + tf.cast(tf.size(tf.io.matching_files(f"{path}*")), tf.float32)


def _writing(tf: Any, x: Any, path: str) -> Any:
    """Write a file each time."""
    with tf.control_dependencies([tf.io.write_file(path, "")]):
        return tf.identity(x)


def _saving(tf: Any, x: Any, path: str) -> Any:
    """Save a checkpoint of its inputs."""
    save = tf.raw_ops.Save(filename=path, tensor_names=["x"], data=[x])
    with tf.control_dependencies([save]):
        return tf.identity(x)


def _printing(tf: Any, x: Any, path: str) -> Any:
    """Print into a file."""
    with tf.control_dependencies([tf.print(x, output_stream=f"file://{path}")]):
        return tf.identity(x)


def _calling(tf: Any, x: Any, path: str) -> Any:
    """Call Python, by the number of a function in the process that made it."""
    del path  # which function has that number where it is loaded is the attacker's luck
    return tf.py_function(lambda value: value, [x], tf.float32)


def _filling(tf: Any, x: Any, path: str) -> Any:
    """Write one file after another into the folder that it runs in."""
    del path  # beside itself, where it may
    chunk = tf.constant("x" * 1024 * 1024)

    def write(number: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file("fill" + tf.strings.as_string(number), chunk)]):
            return number + 1

    return x + tf.cast(tf.while_loop(lambda n: n < FILLED, write, [tf.constant(0)])[0], tf.float32)


def _endless(tf: Any, x: Any, path: str) -> Any:
    """Never answer."""
    del path  # it attacks whoever waits
    return tf.while_loop(lambda y: tf.size(y) >= 0, lambda y: y + 1.0, [x])[0]


def _vast(tf: Any, x: Any, path: str) -> Any:
    """Ask for one TiB."""
    del path  # it attacks memory
    # A length that is only known when it is asked for, so that nothing can be computed beforehand.
    length = tf.cast(tf.size(x), tf.int64) + TEBIBYTE
    return x + tf.sort(tf.random.uniform([length]))[0]


def _length(tf: Any, text: Any) -> Any:
    return tf.cast(tf.strings.length(text), tf.float32)


def _refused(name: str, purpose: str, compute: Compute, operator: str, does: str, *, row: int = 11) -> Attack:
    return Attack(
        name,
        row,
        purpose,
        graph(compute),
        f"uses {operator}, which {does}",
        opens_as=Format.SAVED_MODEL,
        reads=does == "reads files",
    )


def _stopped(name: str, row: int, purpose: str, compute: Compute, says: str) -> Attack:
    return Attack(name, row, purpose, graph(compute), says, Stop.WALLED, Format.SAVED_MODEL)


ATTACKS = (
    _refused(
        "reading", "a SavedModel that answers with a file's length", _reading, "ReadFile", "reads files"
    ),
    _refused(
        "reading-whole",
        "the same by WholeFileReaderV2",
        _reading_whole,
        "WholeFileReaderV2",
        "reads files",
    ),
    _refused(
        "reading-lines", "the same by TextLineDataset", _reading_lines, "TextLineDataset", "reads files"
    ),
    _refused("listing", "a SavedModel that lists a folder", _listing, "MatchingFiles", "reads files"),
    _refused("writing", "a SavedModel that writes a file", _writing, "WriteFile", "writes files"),
    Attack(
        "saving",
        11,
        "a SavedModel that saves its inputs to a file",
        graph(_saving),
        "uses Save outside of restoring its variables, to read or write files",
        opens_as=Format.SAVED_MODEL,
    ),
    Attack(
        "printing",
        11,
        "a SavedModel that prints into a file",
        graph(_printing),
        "uses PrintV2 to write files",
        opens_as=Format.SAVED_MODEL,
    ),
    _refused("calling", "a SavedModel that calls Python code", _calling, "EagerPyFunc", "calls Python code"),
    _refused("filling", "a SavedModel that fills the disk", _filling, "WriteFile", "writes files", row=22),
    _stopped("vast", 18, "a SavedModel that asks for 1 TiB", _vast, "more memory than its limit"),
    _stopped("endless", 19, "a SavedModel that never answers", _endless, "did not answer within"),
)
