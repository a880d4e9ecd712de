"""What the engine knows about Keras' own files without Keras: how to tell a ``.keras`` archive and a legacy ``.h5``.

It must not import Keras, and it looks into archives only: what an HDF5 file describes is read in its model process.
"""

from engine.artefacts.archive import Archive
from engine.artefacts.content import Content, ContentError
from engine.protocols import Recognition, RuntimeSpec
from engine.runtimes.keras import hdf5
from engine.runtimes.keras.configuration import CONFIG_BYTES, check_config
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="keras",
    framework="tensorflow",
    formats=(Format.KERAS, Format.KERAS_H5),
    distributions=("tensorflow", "keras"),
    extra="tensorflow",
    loader="engine.runtimes.keras.loader:load",
    trainer="engine.runtimes.keras.trainer:train",
    needs_sandbox=False,
    hears_of_trust=True,
    alternatives=(
        ("tensorflow", "tensorflow-cpu"),
        ("tensorflow", "tensorflow-rocm"),
        ("tensorflow", "tf-nightly"),
    ),
    stand_in=RuntimeSpec(
        name="keras-torch",
        framework="torch",
        formats=(Format.KERAS, Format.KERAS_H5),
        distributions=("torch", "keras"),
        extra="torch",
        loader="engine.runtimes.keras.torch_loader:load",
        needs_sandbox=False,
        hears_of_trust=True,
    ),
)

CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = ("model.weights.h5", "model.weights.json", "model.weights.npz")


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what a file of Keras is, or ``None`` where it is none.

    Raises:
        ContentError: it is one, and must not be loaded.
    """
    if content.head.startswith(hdf5.MAGIC):
        hdf5.check_outline(content)
        return Recognition(Format.KERAS_H5)
    if archive is None or CONFIG not in archive.members or METADATA not in archive.members:
        return None
    if not any(name in archive.members for name in WEIGHTS):
        raise ContentError("is a Keras model without its weights; save the whole model with model.save(...)")
    archive.refuse_nested()
    return Recognition(Format.KERAS, doubt=check_config(archive.read(CONFIG, CONFIG_BYTES)))
