"""What the footer says other than usual, on every screen alike: paused, in the past, without an engine. Pure."""

from storage.vocabulary import FINISHED
from tui.keys import NO_ACTIONS
from tui.remedies import asking
from tui.view import View

REPLAYING = {
    "app.replay_step(-1)": "back",
    "app.replay_step(1)": "forward",
    "app.replay_end": "live",
    "app.pause": "",
}
"""In the past, where the ways through it are what is wanted."""


def of_model(view: View) -> dict[str, str]:
    """Return what the keys that act on the selected model do now; of those that would do nothing, nothing."""
    model = view.model
    if model is None:
        return {}
    busy = any(job.model == model.name and job.state not in FINISHED for job in view.jobs)
    return {
        "app.promote": f"promote v{model.candidate.number}" if model.candidate else "",
        "app.roll_back": f"back to v{model.previous.number}" if model.previous else "",
        "app.cancel": "cancel" if busy else "",
    }


def labels(view: View) -> dict[str, str]:
    """Return the words by action; an empty one leaves its key out."""
    said = {"app.pause": "resume"} if view.paused else {}
    fault = None if view.model is None else asking(view.faults, view.model.name)
    if fault is not None and fault.remedies:
        said["app.repair"] = "mend"
    if not view.acts:
        said |= NO_ACTIONS
    if view.replay is not None:
        said |= REPLAYING
    elif not view.read_only and not view.news.engine_running:
        said["app.start_engine"] = "start engine"
    return said
