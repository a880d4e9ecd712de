"""A comparison of two versions in words, for the command and for the console. Pure."""

from storage.comparisons import Compared, ComparedFigure, Early
from storage.vocabulary import Verdict
from tui.commands.figures import number

WORDS = {
    Verdict.SUPERIOR: "better",
    Verdict.NON_INFERIOR: "not worse",
    Verdict.INFERIOR: "worse",
    Verdict.INCONCLUSIVE: "not decided",
}
"""What the verdict on a single figure is called: short, so that a row fits into 80 columns."""

UNPAIRED = "unpaired"
UNPAIRED_MARK = "*"
"""Set after figures that no number of each example makes up."""


TIMES_FROM = 3.0
"""From here on how many times as much is easier to read than how many percent more."""


def changed(before: float | None, after: float | None, more: str, less: str) -> tuple[str, str]:
    """Return by how much a figure of speed or size differs, and in which direction: ``73%``, ``longer``."""
    if not before or after is None:
        return "", ""
    ratio = after / before
    if ratio >= TIMES_FROM:
        return f"{ratio:.1f}x", more
    # The word has the direction: "-1% fewer" would be more.
    told = f"{abs(ratio - 1):.0%}"
    return ("", "the same") if told == "0%" else (told, more if ratio > 1 else less)


def interval(figure: ComparedFigure) -> str:
    """Return where the advantage in one figure lies, or that it is not known."""
    if figure.low is None or figure.high is None:
        return "not known"
    return f"[{signed(figure.low)}, {signed(figure.high)}]"


def remarks(document: Compared) -> list[str]:
    """Return what is to be known of a comparison besides its figures; the verdict comes last."""
    lines = []
    deciding = next((one for one in document.figures if one.name == document.metric), None)
    if deciding is not None:
        lines.append(
            f"advantage: positive is better; intervals hold at {deciding.confidence * 100:.3g}%, n={deciding.n}"
        )
    if any(figure.method == UNPAIRED for figure in document.figures):
        lines.append(
            f"{UNPAIRED_MARK} compared as if on different examples: its interval is wider than need be"
        )
    if document.gained is not None and document.lost is not None:
        p = ""
        if deciding is not None and deciding.p_mid is not None and deciding.p_exact is not None:
            p = f"; McNemar mid-p {deciding.p_mid:.2g}, exact p {deciding.p_exact:.2g}"
        lines.append(
            f"{document.gained} examples only version {document.to_version} gets right, "
            f"{document.lost} only version {document.from_version}{p}"
        )
    if document.early is not None:
        lines.extend(_how_early(document.early))
    if document.latency is not None:
        one = document.latency
        lines.append(
            f"latency: {one.ratio:.3f} times as long [{one.low:.3f}, {one.high:.3f}] on {one.device}, "
            f"{one.n} rounds in turns"
        )
        if one.noisy:
            lines.append(f"meanwhile {one.noisy}")
    if document.problem:
        lines.append(f"not compared: {document.problem}")
    more = ""
    if deciding is not None and deciding.needed is not None:
        more = f"; if they are equally good, about {deciding.needed - deciding.n:,} more labelled examples would decide"
    lines.append(f"{document.verdict} in {document.metric} at a margin of {document.margin:g}{more}")
    return lines


def _how_early(early: Early) -> list[str]:
    """Return how many examples it took, and on what the verdict rests."""
    who = "versions" if len(early.ran) > 1 else "version"
    ran = f"({who} {' and '.join(map(str, early.ran))} ran)"
    if not early.decided:
        return [f"early: no look decided; all {early.examples:,} examples count, at half the level {ran}"]
    return [
        f"early: decided after {early.used:,} of {early.examples:,} examples {ran}",
        "anytime-valid: the stated confidence holds for all its looks together",
    ]


def signed(value: float) -> str:
    """Return a difference with its sign."""
    return f"{'-' if value < 0 else '+'}{number(abs(value))}"
