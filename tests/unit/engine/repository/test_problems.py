"""What is wrong with the folders, computed from what was listed and what is on record: open while it lasts, and no longer."""

from typing import Any, cast

import pytest

from engine.repository import problems
from engine.repository.problems import CURRENT, FOLDER, MISSING, SETTINGS, Problem
from engine.repository.scanner import Inbox, Item, Link, Listing, ModelFolder
from storage.database import Writer
from storage.tables import events, faults
from storage.vocabulary import Status
from storage.workspace import Workspace

GONE = {("mnist", 1): Status.MISSING}
READY = {("mnist", 1): Status.READY}


def folder(*, link: str | None = "1", problem: str = "", there: bool = True) -> dict[str, ModelFolder]:
    """Return the listing of mnist with version 1."""
    item = cast("Item", None)
    return {"mnist": ModelFolder("mnist", {1: item} if there else {}, Link(link), "", problem)}


def find(
    workspace: Workspace,
    *,
    models: dict[str, ModelFolder] | None = None,
    inbox: str = "",
    top: dict[str, str] | None = None,
    statuses: dict[tuple[str, int], Status] | None = None,
    **row: Any,
) -> list[Problem]:
    """Return what is wrong where mnist is deployed as version 1, unless something else is said."""
    listing = Listing(
        folder() if models is None else models,
        {"mnist": Inbox("mnist", (), "", inbox)},
        frozenset(),
        top or {},
    )
    rows: Any = [{"name": "mnist", "current": 1, "problem": "", "present": True} | row]
    return problems.find(workspace, listing, rows, READY if statuses is None else statuses)


@pytest.mark.parametrize(
    ("seen", "code", "told"),
    [
        ({"top": {"models": "models/ cannot be listed."}}, FOLDER, "models/ cannot be listed."),
        ({"inbox": "train/mnist/ cannot be listed."}, FOLDER, "train/mnist/ cannot be listed."),
        ({"models": folder(problem="models/mnist/ is shut.")}, FOLDER, "models/mnist/ is shut."),
        ({"problem": "task: expected one"}, SETTINGS, "task: expected one"),
        ({"models": folder(link="7")}, CURRENT, "points to 7, and there is no such version"),
        ({"models": folder(link="elsewhere/1")}, CURRENT, "which is not a version of mnist"),
        ({"models": folder(there=False), "statuses": GONE}, MISSING, "but models/mnist/1 is gone"),
    ],
)
def test_each_thing_that_is_wrong_has_its_sentence(
    workspace: Workspace, seen: dict[str, Any], code: str, told: str
) -> None:
    """One thing is one problem, under the code that people know it by."""
    [found] = find(workspace, **seen)
    assert found.code == code
    assert told in found.message


@pytest.mark.parametrize(
    "seen",
    [
        {},
        {"models": folder(link=None)},
        # It came back, and is looked into before it is said to be there.
        {"statuses": GONE},
        # What a model that was removed deployed is nobody's.
        {"models": folder(link="7"), "present": False},
        # Unknown is not gone.
        {"models": folder(link=None), "current": None, "statuses": {}},
    ],
)
def test_what_is_well_is_no_problem(workspace: Workspace, seen: dict[str, Any]) -> None:
    """Nobody is called for nothing."""
    assert find(workspace, **seen) == []


@pytest.mark.parametrize(("current", "found"), [(1, 1), (None, 0)])
def test_an_empty_folder_where_something_was_deployed_is_a_disk_that_is_not_there(
    workspace: Workspace, current: int | None, found: int
) -> None:
    """With its own sentence, besides that of each version; an empty workspace is no such thing."""
    told = [
        problem.message
        for problem in find(workspace, models={}, current=current, statuses=GONE)
        if "models/ is empty" in problem.message
    ]
    assert told == ["models/ is empty, and 1 deployed model is gone."] * found


def test_a_workspace_that_was_moved_is_told_as_such(workspace: Workspace) -> None:
    """Making its folders anew would leave two of them, neither of which holds everything."""
    workspace.root.rename(workspace.root.with_name("elsewhere"))
    top = {name: f"{name}/ cannot be listed: No such file or directory." for name in ("train", "models")}
    [found] = find(workspace, models={}, top=top)
    assert found.message == f"{workspace.root} is gone: it was moved or removed while its engine runs."
    assert found.repair == "Where it lies now: modeltender engine stop, then: modeltender engine start"


def test_a_problem_is_told_when_it_comes_and_when_it_goes(writer: Writer) -> None:
    """Not at each look: what lasts says nothing more, what says something else is the same fault with other words."""
    first = Problem(FOLDER, "mnist", None, "It is shut.")
    for now, found in enumerate([[first], [first], [first._replace(message="It is gone.")], [], []]):
        with writer.transaction() as connection:
            problems.keep(connection, found, faults.all_open(connection), now=float(now))
    with writer.transaction() as connection:
        assert faults.all_open(connection) == []
        told = [(event.at, event.code, event.message) for event in events.read(connection, limit=9)]
    assert told == [(3.0, "folder-mended", "no longer: It is gone."), (0.0, "folder", "It is shut.")]
