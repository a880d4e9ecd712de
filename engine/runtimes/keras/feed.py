"""Labelled examples as TensorFlow takes them for training: shuffled anew each epoch, the same way for the same seed.

Owns the order of the examples, and whether they lie in memory or are read batch by batch. Runs in a model process only.
"""

from typing import Any

import tensorflow as tf

from engine.training import lessons
from engine.training.lessons import Part

Batch = tuple[Any, Any]


def shuffled(part: Part, batch_size: int, *, seed: int, epoch: "tf.Variable") -> "tf.data.Dataset":
    """Return the batches of an epoch in an order that nothing but ``seed`` and the value of ``epoch`` decides."""
    rows = tf.constant(part.rows)

    def order(_: Any) -> Any:
        # Stateless: a training that goes on after a cut sees the order that it would have seen.
        return tf.random.experimental.stateless_shuffle(rows, seed=tf.stack([seed, epoch.read_value()]))

    return _batches(part, tf.data.Dataset.range(1).map(order), batch_size)


def in_order(part: Part, batch_size: int) -> "tf.data.Dataset":
    """Return the batches in the data's order."""
    return _batches(part, tf.data.Dataset.from_tensors(tf.constant(part.rows)), batch_size)


def _batches(part: Part, order: "tf.data.Dataset", batch_size: int) -> "tf.data.Dataset":
    count = -(-len(part.rows) // batch_size)
    # One vectorised gather a batch: several times as fast as batching examples one by one.
    indices = order.flat_map(lambda rows: tf.data.Dataset.from_tensor_slices(rows).batch(batch_size))
    gathered = indices.map(_gather(part), num_parallel_calls=2, deterministic=True)
    return gathered.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


def _gather(part: Part) -> Any:
    targets = tf.constant(part.targets)
    if part.examples.bytes <= lessons.IN_MEMORY:
        held = [tf.constant(array) for array in part.examples.whole()]

        def from_memory(rows: Any) -> Batch:
            return tuple(tf.gather(array, rows) for array in held), tf.gather(targets, rows)

        return from_memory
    first = part.examples.batch(0, 1)
    dtypes = [tf.as_dtype(array.dtype) for array in first]

    def from_file(rows: Any) -> Batch:
        inputs = tf.numpy_function(lambda wanted: list(part.examples.at(wanted)), [rows], dtypes)
        for tensor, array in zip(inputs, first, strict=True):
            tensor.set_shape((None, *array.shape[1:]))
        return tuple(inputs), tf.gather(targets, rows)

    return from_file
