"""The promotion targets of a workspace's models: what would keep a promotion from being told."""

from engine.doctor.report import Check, fine, problem
from engine.repository.switch import read_current
from engine.repository.targets.target import News
from engine.repository.telling import Telling
from storage.errors import SettingsError
from storage.settings import Trust, read_model_settings, read_workspace_settings
from storage.text import clean
from storage.workspace import Workspace


def examine(workspace: Workspace | None) -> list[Check]:
    """Return a check for every model that has targets; servers are not asked."""
    if workspace is None or not workspace.models.is_dir():
        return []
    trust = _trust(workspace)
    checks = []
    for file in sorted(workspace.models.glob("*/model.toml")):
        model = file.parent.name
        try:
            settings = read_model_settings(file)
        except SettingsError:
            # The model's own row and fault say it, with every key.
            continue
        if settings.targets:
            telling = Telling(workspace, settings, trust)
            number = read_current(workspace, model)
            found = telling.problems(News(workspace, model, number, None))
            checks.append(_check(clean(model), [target.name for target in settings.targets], found))
    return checks


def _check(model: str, names: list[str], problems: list[str]) -> Check:
    if problems:
        return problem(
            "targets",
            f"no promotion of {model} can be told: {'; '.join(problems)}",
            f"Mend that, or edit models/{model}/model.toml",
        )
    return fine("targets", f"promotions of {model} can be told to {', '.join(names)}")


def _trust(workspace: Workspace) -> Trust:
    try:
        return read_workspace_settings(workspace.settings_file).trust
    except SettingsError:  # reported by its own check
        return Trust()
