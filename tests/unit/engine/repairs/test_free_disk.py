"""What freeing the disk says where it does nothing: that it was cancelled, or that nothing may go."""

from typing import Any, cast

import pytest

from engine.jobs.context import Context
from engine.processes.pool import Pool
from engine.repairs import free_disk
from engine.repairs.repairing import PlaceCase, PlaceWork
from storage.database import Writer
from storage.errors import JobError
from storage.settings import WorkspaceSettings
from storage.workspace import Workspace
from tests.unit.engine.jobs.asking import Quiet


@pytest.mark.parametrize(
    ("stopping", "said"), [(True, r"^Cancelled\.$"), (False, "^Nothing could be removed")]
)
def test_what_was_not_removed_is_not_called_freed(
    workspace: Workspace, writer: Writer, *, stopping: bool, said: str
) -> None:
    """A new workspace has nothing to spare, and a repair that was cancelled looks no further."""
    nobody = cast("Any", None)
    context = Context(workspace, writer, WorkspaceSettings(), nobody, cast("Pool", nobody), lambda: 1.0)
    with pytest.raises(JobError, match=said):
        free_disk.act(PlaceWork(PlaceCase(context, nobody), nobody, Quiet(stopping=stopping)))
