"""The contract between the console and the engine: what is kept, where, and in which words.

Loads no model framework, no numerical library and nothing that draws. Programs of other people begin with
`open_workspace` (docs/python-api.md), which is loaded when it is asked for: every command imports this package.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.opened import OpenWorkspace, open_workspace

__all__ = ["OpenWorkspace", "open_workspace"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'storage' has no attribute '{name}'")
    from storage import opened

    return getattr(opened, name)
