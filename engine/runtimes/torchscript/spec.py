"""What the engine knows about TorchScript archives without torch: how to tell one.

Owns the recognition of an archive that holds code. It must not import torch, and it calls nothing safe: a
TorchScript file is a program, which is why it is refused where the sandbox is missing.
"""

from engine.artefacts.archive import Archive
from engine.artefacts.content import Content, ContentError
from engine.protocols import Recognition, RuntimeSpec
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="torchscript",
    framework="torch",
    formats=(Format.TORCHSCRIPT,),
    distributions=("torch",),
    extra="torch",
    loader="engine.runtimes.torchscript.loader:load",
    trainer="engine.runtimes.torchscript.trainer:train",
    needs_sandbox=True,
)

PARTS = ("data.pkl", "constants.pkl", "version")
"""What every TorchScript archive has below its one folder, besides ``code/``."""


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what a TorchScript archive is, or ``None`` where it is no such archive.

    Raises:
        ContentError: it is one, and must not be loaded.
    """
    del content  # the archive says it all
    roots = {name.split("/", 1)[0] for name in archive.members} if archive is not None else set()
    if archive is None or len(roots) != 1:
        return None
    (root,) = roots
    if f"{root}/constants.pkl" not in archive.members:
        return None
    missing = [part for part in PARTS if f"{root}/{part}" not in archive.members]
    if missing or not any(name.startswith(f"{root}/code/") for name in archive.members):
        raise ContentError(f"is a damaged TorchScript archive: it has no {(missing or ['code'])[0]}")
    archive.refuse_nested()
    return Recognition(Format.TORCHSCRIPT)
