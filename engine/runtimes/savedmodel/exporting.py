"""What SavedModel folders become: LiteRT files.

Runs in a model process only.
"""

import tensorflow as tf

from engine.frameworks import litert_converter
from engine.protocols import Conversion
from engine.runtimes.savedmodel.endpoints import choose
from storage.errors import OWN_SETTINGS, JobError
from storage.text import NAME, clean


def to_litert(conversion: Conversion) -> None:
    """Write the function that is evaluated as a LiteRT file.

    Raises:
        JobError: it is no signature, which is all that the converter reads.
    """
    folder = conversion.artefact.parent
    signatures = tf.saved_model.load(str(folder)).signatures
    wanted = str(dict(conversion.options).get("signature", ""))
    name = choose(signatures, dict(signatures), wanted)
    if name not in signatures:
        raise JobError(
            f"{clean(name, NAME)} is a function of the SavedModel and none of its signatures, which is all that LiteRT is made of.",
            f"Save it with signatures=..., or name a signature in {OWN_SETTINGS}: [runtime] signature.",
        )
    litert_converter.convert(folder, name, conversion)
