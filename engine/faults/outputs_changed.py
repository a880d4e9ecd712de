"""The deployed version answers the same examples otherwise than it did when it was first checked."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import age, count
from engine.faults.state import ModelState, Probing
from storage.vocabulary import RepairKind, Severity

SPEC = FaultSpec(
    code="outputs-changed",
    severity=Severity.ERROR,
    means="The deployed version was given the examples kept from its first check again, and its answers differ by more than "
    "rounding: another framework, another processor, broken memory, or a model that draws random numbers. Earlier "
    "figures no longer hold.",
    advice="Evaluate it again and compare: modeltender evaluate {model}@current; if it answers at random, save it in "
    "inference mode",
    urgent="Now if the fault says that the largest output is a different one; otherwise today: earlier figures no longer hold.",
    otherwise="If the fault names another framework, evaluate the version: if the figures hold, acknowledge the fault "
    "(modeltender acknowledge ID); if not, reinstall what was there before. On the same framework, test the machine's "
    "memory, and deploy the version before it (modeltender rollback {model}).",
    repair=RepairKind.RELOAD,
)


def check(state: ModelState) -> Finding:
    """Compare the answers with those on record."""
    version, probing = state.current.number, state.probing
    if probing is None:
        return unknown(state.not_probed or "it was not asked", version=version)
    compared = probing.compared
    if compared is None:
        return healthy(
            f"its answers to {count(probing.examined.rows, 'example')} are kept from now on"
            + ("" if probing.repeatable else ", although it gives others each time"),
            version=version,
        )
    told = f"answers to {count(compared.rows, 'example')} from {age(state.now - probing.recorded_at)} ago"
    if compared.identical:
        return healthy(f"{told} are the same to the bit{_runtimes(probing)}", version=version)
    if compared.within:
        return healthy(
            f"{told} differ by {compared.largest:.2g} at most, within the tolerance of {compared.tolerance:.2g}"
            f"{_runtimes(probing)}",
            version=version,
        )
    if not compared.same_form:
        return found(f"Version {version}: {told} have another form now{_runtimes(probing)}", version=version)
    turned = (
        f"; the largest output is a different one for {compared.turned} of them" if compared.turned else ""
    )
    chance = "" if probing.repeatable else "; asked twice it answers differently, so it draws random numbers"
    return found(
        f"Version {version}: {told} differ by {compared.largest:.2g}, beyond the tolerance of "
        f"{compared.tolerance:.2g}{turned}{chance}{_runtimes(probing)}",
        version=version,
    )


def _runtimes(probing: Probing) -> str:
    """Return what ran it, where that is another version now."""
    if probing.recorded_with == probing.runtime_version:
        return ""
    return f"; {probing.runtime} was {probing.recorded_with} and is {probing.runtime_version}"
