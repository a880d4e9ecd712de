"""SavedModels as they come: from Keras, from modules of TensorFlow, from TensorFlow 1, and from people who mean harm.

Each writer takes a folder and returns the artefact in it. TensorFlow is imported when the first is called.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.tiny_models import import_keras

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
INPUTS = np.array([[1, 2], [3, 4], [5, 6]], np.float32)


@contextmanager
def tensorflow() -> Iterator[Any]:
    """Lend TensorFlow, whose own warnings are not ours to mend."""
    import_keras()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf

        yield tf


def module(folder: Path, *names: str, signatures: tuple[str, ...] = ()) -> Path:
    """Save a module whose functions, by these names, multiply by the kernel; the second doubles that, and so on."""
    with tensorflow() as tf:
        made = tf.Module()
        made.kernel = tf.Variable(KERNEL)
        made.unused = tf.Variable(tf.zeros([100]))
        rows = tf.TensorSpec([None, 2], tf.float32, "x")

        def function(factor: float) -> Any:
            return tf.function(lambda x: factor * (x @ made.kernel), input_signature=[rows])

        for index, name in enumerate(names):
            setattr(made, name, function(index + 1.0))
        named = {name: getattr(made, name) for name in signatures}
        tf.saved_model.save(made, folder, signatures=named or None)
    return folder / "saved_model.pb"


def called(folder: Path) -> Path:
    """Save a module that is called itself, and has another function beside that."""
    with tensorflow() as tf:
        rows = [tf.TensorSpec([None, 2], tf.float32)]
        functions = {
            "__call__": tf.function(lambda self, x: x + 1.0, input_signature=rows),
            "other": tf.function(lambda self, x: x + 2.0, input_signature=rows),
        }
        tf.saved_model.save(type("Called", (tf.Module,), functions)(), folder)
    return folder / "saved_model.pb"


def computing(folder: Path, compute: Callable[[Any, Any], Any], dtype: str = "float32") -> Path:
    """Save a module whose only signature is ``compute``, which is given TensorFlow and a vector."""
    with tensorflow() as tf:
        made = tf.Module()
        made.f = tf.function(
            lambda x: compute(tf, x), input_signature=[tf.TensorSpec([None], dtype, "x")], autograph=False
        )
        tf.saved_model.save(made, folder, signatures=made.f)
    return folder / "saved_model.pb"


def tensorflow_1(folder: Path, *, tags: tuple[tuple[str, ...], ...] = (("serve",),)) -> Path:
    """Save a graph as TensorFlow 1 did, once for each set of tags."""
    with tensorflow() as tf:
        old = tf.compat.v1
        with tf.Graph().as_default(), old.Session() as session:
            x = old.placeholder(tf.float32, [None, 2], "x")
            kernel = old.get_variable("kernel", initializer=KERNEL)
            info = {
                name: old.saved_model.build_tensor_info(tensor)
                for name, tensor in (("x", x), ("y", x @ kernel))
            }
            predict = old.saved_model.build_signature_def({"x": info["x"]}, {"y": info["y"]})
            session.run(old.global_variables_initializer())
            builder = old.saved_model.Builder(str(folder))
            builder.add_meta_graph_and_variables(session, list(tags[0]), {"serving_default": predict})
            for more in tags[1:]:
                builder.add_meta_graph(list(more), {"serving_default": predict})
            builder.save()
    return folder / "saved_model.pb"


def with_vocabulary(folder: Path) -> Path:
    """Save a module that looks whole numbers up in a vocabulary, which is kept among the assets."""
    with tensorflow() as tf:
        folder.parent.mkdir(parents=True, exist_ok=True)
        words = folder.parent / "vocabulary.txt"
        words.write_text("10\n20\n30\n")
        made = tf.Module()
        made.table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                str(words),
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            -1,
        )
        made.f = tf.function(
            lambda x: made.table.lookup(tf.strings.as_string(x)),
            input_signature=[tf.TensorSpec([None], tf.int32, "x")],
        )
        tf.saved_model.save(made, folder, signatures=made.f)
    return folder / "saved_model.pb"


def exported(folder: Path, make: Callable[[Any], Any]) -> Path:
    """Save what ``make`` makes with Keras, by its export."""
    keras = import_keras()
    with tensorflow():
        make(keras).export(folder, verbose=False)
    return folder / "saved_model.pb"
