"""Which two versions of a model are compared: what a person chose, held against what is deployed. Pure."""

from collections.abc import Sequence

from storage.paired import Wanted
from storage.records import Model, Version


def usual(model: Model, numbers: Sequence[int], chosen: Version | None) -> Wanted | str:
    """Return the chosen version beside the deployed one, or a sentence that says why nothing can be compared.

    Without a choice it is the candidate, or else the newest one; where that is what is deployed, it is held against
    what was deployed before.
    """
    known = numbers or _known(model)
    after = chosen or model.candidate or model.newest
    if after is None or len(known) < 2:
        return f"{model.name} has {'one version' if known else 'no versions'}: there is nothing to compare."
    if model.current is not None and model.current.number != after.number:
        return Wanted(model.name, model.current.number, after.number)
    others = [number for number in known if number != after.number]
    if model.candidate is not None and model.candidate.number in others and chosen is not None:
        # The deployed version was chosen: what could take its place is held against it.
        return Wanted(model.name, after.number, model.candidate.number)
    previous = model.previous.number if model.previous is not None else None
    return Wanted(
        model.name, previous if previous in others and previous is not None else others[0], after.number
    )


def turned(wanted: Wanted, numbers: Sequence[int], *, after: int = 0, before: int = 0) -> Wanted:
    """Return the pair with another version on one side, never the same one on both; numbers go round."""
    numbers = sorted(numbers)
    if after:
        return wanted._replace(after=_next(wanted.after, after, [n for n in numbers if n != wanted.before]))
    return wanted._replace(before=_next(wanted.before, before, [n for n in numbers if n != wanted.after]))


def _next(here: int, step: int, numbers: list[int]) -> int:
    if not numbers:
        return here
    return numbers[(numbers.index(here) + step) % len(numbers)] if here in numbers else numbers[-1]


def _known(model: Model) -> list[int]:
    found = (model.newest, model.candidate, model.current, model.previous)
    return list(dict.fromkeys(version.number for version in found if version is not None))
