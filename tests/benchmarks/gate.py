"""How often the gate is wrong: simulated candidates, against the confidence that it states.

``python -m tests.benchmarks.gate docs/gate.md`` writes the tables of that page, between its two marks. Every draw is
seeded, so that the page only changes when the statistics do. It takes some twenty minutes of one core.
"""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.evaluation import early
from engine.evaluation.comparison import Question, verdict_of
from engine.evaluation.early import Answered
from engine.evaluation.facts import share_of
from engine.evaluation.paired import mcnemar, sequential, tango
from engine.evaluation.paired.tango import Discordance
from storage.vocabulary import GateMode, Verdict
from tests.benchmarks import gate_guards
from tests.benchmarks.gate_figures import LEVEL, SLOW_PAIRS, calibrations, other_figures, percent

BEGIN, END = "<!-- simulated: begin -->", "<!-- simulated: end -->"

PAIRS = 20_000
"""Simulated comparisons of a row: a rate of 5 % is known to 0.3 points (95 % interval)."""

PASSING = frozenset({Verdict.SUPERIOR, Verdict.NON_INFERIOR})


class Setting(NamedTuple):
    """A test set, and how two versions behave on it."""

    n: int
    differ: float
    """The share of examples on which exactly one of the two is right."""
    margin: float


SETTINGS = (
    Setting(500, 0.05, 0.02),
    Setting(2000, 0.02, 0.005),
    Setting(2000, 0.05, 0.02),
    Setting(2000, 0.10, 0.02),
    Setting(10_000, 0.01, 0.005),
    Setting(10_000, 0.02, 0.005),
    Setting(10_000, 0.05, 0.01),
    Setting(50_000, 0.02, 0.0025),
)


@cache
def verdict(seen: Discordance, margin: float, level: float = LEVEL) -> Verdict:
    """Return what the gate says about right and wrong answers; by the tests, which the interval mirrors."""
    better = mcnemar.better(seen).mid < level
    if better or tango.p_not_inferior(seen, margin) < level:
        return Verdict.SUPERIOR if better else Verdict.NON_INFERIOR
    low, high = tango.interval(seen, 1 - 2 * level)
    return verdict_of(better=False, low=low, high=high, margin=margin)


def draws(setting: Setting, advantage: float, seed: int, pairs: int = PAIRS) -> Iterator[Discordance]:
    """Yield simulated comparisons with a true advantage."""
    gained, lost = (setting.differ + advantage) / 2, (setting.differ - advantage) / 2
    counts = np.random.default_rng(seed).multinomial(setting.n, [gained, lost, 1 - gained - lost], size=pairs)
    for b, c in counts[:, :2].tolist():
        yield Discordance(b, c, setting.n)


def shares(setting: Setting, advantage: float) -> dict[Verdict, float]:
    """Return how often each verdict is given."""
    given = [verdict(seen, setting.margin) for seen in draws(setting, advantage, seed=setting.n)]
    return {word: given.count(word) / len(given) for word in Verdict}


def answers() -> Iterator[list[str]]:
    """Yield the rows about right and wrong answers."""
    for setting in SETTINGS:
        worse, equal, better = (shares(setting, sign * setting.margin) for sign in (-1, 0, 1))
        yield [
            f"{setting.n:,}",
            percent(setting.differ),
            f"{setting.margin:g}",
            percent(sum(worse[word] for word in PASSING)),
            percent(sum(equal[word] for word in PASSING)),
            percent(equal[Verdict.INCONCLUSIVE]),
            percent(equal[Verdict.INFERIOR]),
            percent(equal[Verdict.SUPERIOR]),
            percent(better[Verdict.SUPERIOR]),
        ]


def candidates() -> Iterator[list[str]]:
    """Yield how often a test set passes at least one of many candidates that are all worse by the margin."""
    setting = Setting(10_000, 0.02, 0.005)
    for many in (1, 5, 10, 30, 100):
        plain = shared = 0
        lives = 2000
        seen = iter(draws(setting, -setting.margin, seed=many, pairs=lives * many))
        for _ in range(lives):
            p = [tango.p_not_inferior(next(seen), setting.margin) for _ in range(many)]
            plain += min(p) < LEVEL
            shared += any(value < LEVEL * share_of(place, 10) for place, value in enumerate(p, 1))
        yield [str(many), percent(plain / lives), percent(shared / lives)]


def ratchet() -> Iterator[list[str]]:
    """Yield what is lost after ten candidates of which each is a little worse than what was deployed before it."""
    setting = Setting(10_000, 0.02, 0.005)
    step, lives = 0.002, 300
    for anchored in (False, True):
        losses = [
            lost_after(setting, step, np.random.default_rng(life), anchored=anchored) for life in range(lives)
        ]
        yield [
            "held to the anchor as well" if anchored else "held to the version before only",
            f"{np.mean(losses):.2%}",
            f"{np.max(losses):.2%}",
        ]


def lost_after(setting: Setting, step: float, random: np.random.Generator, *, anchored: bool) -> float:
    """Return how much worse than the first the version is that is deployed in the end."""
    wrong = random.random(setting.n) < 0.05
    first, now, share, true = wrong, wrong, 0.05, 0.0
    for place in range(1, 11):
        # Some examples are newly got wrong, fewer newly got right: worse by a step than what is deployed.
        spoiled = ~now & (random.random(setting.n) < (setting.differ + step) / 2 / (1 - share))
        mended = now & (random.random(setting.n) < (setting.differ - step) / 2 / share)
        candidate = (now | spoiled) & ~mended
        level = LEVEL * share_of(place, 10)
        held = (now, first) if anchored else (now,)
        seen = [
            Discordance(int((old & ~candidate).sum()), int((~old & candidate).sum()), setting.n)
            for old in held
        ]
        if all(tango.p_not_inferior(one, setting.margin) < level for one in seen):
            now, share, true = candidate, share + step, true + step
    return true


def looks() -> Iterator[list[str]]:
    """Yield what becomes of daily looks at fresh labels, with a fixed test and with a test by betting."""
    days, a_day, lives, margin = 30, 1000, 2000, 0.005
    for words, advantage in (
        ("worse by the margin", -0.005),
        ("equal", 0.0),
        ("better by 0.4 points", 0.004),
    ):
        setting = Setting(days * a_day, 0.02, margin)
        random = np.random.default_rng(days)
        gained, lost = (setting.differ + advantage) / 2, (setting.differ - advantage) / 2
        fixed = betting = 0
        waited = []
        for _ in range(lives):
            differences = random.choice([1.0, -1.0, 0.0], size=setting.n, p=[gained, lost, 1 - gained - lost])
            by_day = differences.reshape(days, a_day)
            won, lost_so_far = np.cumsum((by_day > 0).sum(axis=1)), np.cumsum((by_day < 0).sum(axis=1))
            seen = [
                Discordance(int(b), int(c), a_day * day)
                for day, (b, c) in enumerate(zip(won, lost_so_far, strict=True), 1)
            ]
            fixed += any(tango.p_not_inferior(one, margin) < LEVEL for one in seen)
            wealth = sequential.Bets(margin, LEVEL).add(differences)[a_day - 1 :: a_day]
            over = np.flatnonzero(wealth >= 1 / LEVEL)
            betting += len(over) > 0
            waited += [int(over[0]) + 1] if len(over) else []
        yield [
            words,
            percent(fixed / lives),
            percent(betting / lives),
            str(int(np.median(waited))) if waited else "-",
        ]


EARLY_RUNS = 10_000
"""Simulated streams of a row: each is looked at some twenty times."""


def stopping_early() -> Iterator[list[str]]:
    """Yield what becomes of comparisons that stop as soon as they decide, and how many examples they take."""
    for setting in (Setting(10_000, 0.05, 0.01), Setting(50_000, 0.02, 0.005)):
        for words, margins in (
            ("worse by five margins", -5),
            ("worse by the margin", -1),
            ("equal", 0),
            ("better by the margin", 1),
        ):
            # Where so many differ that the loss fits among them.
            differ = max(setting.differ, 1.2 * abs(margins) * setting.margin)
            found = [one_stream(setting._replace(differ=differ), margins, run) for run in range(EARLY_RUNS)]
            verdicts = [word for word, _ in found]
            used = np.array([many for _, many in found]) / setting.n
            yield [
                f"{setting.n:,}",
                percent(differ),
                f"{setting.margin:g}",
                words,
                percent(sum(word in PASSING for word in verdicts) / EARLY_RUNS),
                percent(verdicts.count(Verdict.INFERIOR) / EARLY_RUNS),
                percent(verdicts.count(Verdict.SUPERIOR) / EARLY_RUNS),
                percent(float(used.mean())),
                percent(float(np.median(used))),
            ]


def one_stream(setting: Setting, margins: int, run: int) -> tuple[Verdict, int]:
    """Return what a comparison says that stops early, and after how many examples, by the code that the job runs."""
    advantage = margins * setting.margin
    gained, lost = (setting.differ + advantage) / 2, (setting.differ - advantage) / 2
    random = np.random.default_rng([setting.n, margins + 5, run])

    def more(start: int, end: int) -> Answered:
        drawn = random.random(end - start)
        # Which of those that do not differ both have right tells nothing.
        return Answered(drawn >= gained, (drawn < gained) | (drawn >= gained + lost))

    question = Question("accuracy", setting.margin, LEVEL)
    stopped = early.stop(setting.n, more, question, GateMode.NON_INFERIORITY)
    return stopped.verdict or early.told(stopped, question).verdict, len(stopped.seen.old)


def table(headings: list[str], rows: Iterator[list[str]]) -> list[str]:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def page() -> str:
    """Return all tables with what they say."""
    lines = [
        f"{PAIRS:,} simulated pairs of versions for each true difference, at a level of 5 % (one candidate, `budget = 1`",
        "would give it half). *Worse* is worse by exactly the margin: the promise is that at most 5 % of these pass. Of two",
        "versions that are equal at most 5 % may be refused, and at most 5 % called superior; *held* is inconclusive.",
        "",
        *table(
            [
                "n",
                "differ on",
                "margin",
                "worse: promoted",
                "equal: promoted",
                "equal: held",
                "equal: refused",
                "equal: superior",
                "better by the margin: superior",
            ],
            answers(),
        ),
        "",
        "Many candidates, each worse by the margin (n = 10,000, 2 % differ, 2,000 test sets): how often at least one passes.",
        "",
        *table(["candidates", "each at 5 %", "sharing the level, budget 10"], candidates()),
        "",
        "Ten candidates, each 0.2 points worse than what is deployed (margin 0.5 points, 300 histories): the loss in the end.",
        "",
        *table(["", "mean loss", "largest loss"], ratchet()),
        "",
        "Thirty daily looks at 1,000 fresh labels each, stopping at the first pass (margin 0.5 points, 2 % differ, 2,000 runs).",
        "",
        *table(["candidate", "fixed test passes", "betting passes", "median day"], looks()),
        "",
        f"Comparisons that stop early (`compare --early`): {EARLY_RUNS:,} simulated streams a row at a level of 5 %, half of it for",
        "all the looks together and half for the test of all examples. *Used* is the share of the examples that it took.",
        "",
        *table(
            [
                "n",
                "differ on",
                "margin",
                "candidate",
                "passes",
                "refused",
                "superior",
                "used: mean",
                "used: median",
            ],
            stopping_early(),
        ),
        "",
        f"Other figures, worse by the margin ({SLOW_PAIRS:,} simulated pairs each): how often they pass at a level of 5 %.",
        "",
        *table(["figure", "n", "worse: promoted"], other_figures()),
        "",
        f"The calibration guard ({SLOW_PAIRS:,} simulated pairs each): how often it holds a candidate back at a level of 5 %. The deployed",
        "version is calibrated; the candidate is right less often than it claims by so much in every bin.",
        "",
        *table(
            ["n", "margin", "equal: held back", "worse by the margin", "worse by twice the margin"],
            calibrations(),
        ),
        "",
        f"Guards ({SLOW_PAIRS:,} simulated pairs each, {gate_guards.EXAMPLES:,} examples of {gate_guards.CLASSES} classes, {percent(gate_guards.DIFFER)} differ, a margin of",
        f"{gate_guards.MARGIN:g} and one of {gate_guards.CLASS_MARGIN:g} for classes, an anchor that is as good): how often a candidate is refused that is worse in",
        "nothing beyond a margin, and how often the classes pass, all at a level of 5 %.",
        "",
        *table(
            [
                "candidate",
                "refused: each guard and class by itself",
                "refused by guards, together",
                "refused by figure or guards",
                "classes: passed",
            ],
            gate_guards.guards(),
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    """Write the tables into the page that is named, or print them."""
    made = page()
    if len(sys.argv) < 2:
        sys.stdout.write(f"{made}\n")
        return
    file = Path(sys.argv[1])
    before, _, rest = file.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    file.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}")


if __name__ == "__main__":
    main()
