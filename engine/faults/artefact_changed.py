"""The bytes of what is deployed are others than those that were deployed: hashed anew, whatever the files' times say."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

SPEC = FaultSpec(
    code="artefact-changed",
    severity=Severity.ERROR,
    means="The deployed version's files are not the ones that were evaluated and deployed: somebody wrote there, or the "
    "disk is losing bits. What is served is not what was judged.",
    advice="Restore it: modeltender repair {model}; or deploy another one: modeltender rollback {model}",
    urgent="Now. Anything that loads it from here on serves a model that nobody has evaluated.",
    otherwise="If there is no copy: modeltender rollback {model}. If the fault comes back after a repair, somebody is writing "
    "there (lsof +D models/{model}) or the disk is losing bits (journalctl -k, smartctl -a): move the workspace.",
    repair=RepairKind.RESTORE,
)

SHOWN = 12
"""Digits of a hash that tell two apart at a glance."""


def check(state: ModelState) -> Finding:
    """Compare the hash of what lies there with that of what was deployed."""
    number, content = state.current.number, state.content
    if content is None or content.gone:
        return unknown("there is nothing to compare", version=number)
    wanted = content.deployed_sha256
    if content.found_sha256 == wanted:
        return healthy(f"SHA-256 {wanted[:SHOWN]}, as it was deployed", version=number)
    where = f"models/{state.model}/{number}"
    copy = "" if content.kept else "; there is no copy to restore it from"
    if content.found_sha256 is None:
        return found(
            f"{where} is deployed and cannot be read as it was deployed: {content.problem}{copy}",
            version=number,
        )
    return found(
        f"{where} is not what was deployed: its SHA-256 is {content.found_sha256[:SHOWN]}, and was {wanted[:SHOWN]}{copy}",
        version=number,
    )
