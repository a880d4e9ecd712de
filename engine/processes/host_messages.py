"""What the engine and a framework host say to each other: what to fork behind which walls, and how it ended."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """What a model process may use; 0 means no limit of ours."""

    memory_bytes: int
    cpu_s: int
    file_bytes: int


class Profile(msgspec.Struct, frozen=True):
    """What a model process may touch, fixed before it opens the model's first byte."""

    readable: tuple[str, ...]
    """Absolute paths (files or folders) that it may read besides the interpreter and the framework."""
    scratch: str
    """The only folder that it may write: private to it, removed after it ended."""
    limits: Limits
    devices: tuple[str, ...] = ()
    """Device nodes of the accelerator that it uses; empty on the CPU."""


class Fork(msgspec.Struct, tag=True, frozen=True):
    """Fork a model process. Carries two descriptors: its end of the socket, and where its stderr goes."""

    request: int
    profile: Profile


class HostReady(msgspec.Struct, tag=True, frozen=True):
    """The framework is imported; forks are welcome."""


class HostFailed(msgspec.Struct, tag=True, frozen=True):
    """The framework cannot be imported, in the framework's words."""

    message: str


class Forked(msgspec.Struct, tag=True, frozen=True):
    """A model process exists. Carries one descriptor: its pidfd."""

    request: int
    pid: int


class Exited(msgspec.Struct, tag=True, frozen=True):
    """A model process ended; ``exit_code`` is its wait status as `os.waitstatus_to_exitcode` reads it."""

    pid: int
    exit_code: int
    peak_rss_bytes: int
    """The most resident memory that it ever had."""


ToHost = Fork
FromHost = HostReady | HostFailed | Forked | Exited
