"""The page about exports, made from the registry of routes.

``python -P -m engine.exports_reference > docs/export.md`` writes it; a test fails where the page says something else. It
must not know any route by name.
"""

import sys
from itertools import groupby

from engine.evaluation.parity import TOLERANCE
from engine.exports import NOT_HERE, ways
from engine.jobs.exporting import EXAMPLES
from engine.jobs.variants import ROUNDS
from storage.vocabulary import Format

TEST = ("tests/contract/test_exports.py", "test_a_model_becomes_another_one_that_answers_alike")
"""What is tested of each route."""

INTRODUCTION = """# Other formats and smaller numbers

```bash
modeltender optimise mnist                                # try everything, keep nothing, get a recommendation
modeltender export mnist --to litert --quantize int8      # make one of them, and hand it in as a new version
modeltender optimise mnist --keep litert-int8             # both at once; --keep pareto keeps every one that is marked
```

An export goes the way of every other version: it lands in `train/`, is examined, becomes the next version, is evaluated on the
test data, and is a candidate before the gate. Nothing is deployed by it. `modeltender show` says what it was made from and how
far its outputs lie from the original's; the parentage is known by the content, so it stays true wherever the file goes.

## What can be made of what
"""

ENDING = f"""
## How an export is checked

- The conversion runs in the process that has loaded the version, behind the same walls; it may write into its scratch folder
  only. What it wrote is taken after the process has ended, and looked into by the examiner like any stranger's file.
- Both models answer the same {EXAMPLES} examples, spread evenly over the validation data: one alone, then many together. The
  largest and the mean difference of their outputs and the share of examples with the same top class are kept.
- Where numbers stay as they are, the largest difference may be {TOLERANCE:g} of the largest output (or of 1, where all outputs
  are smaller). More fails the export: a wrong layout or a wrong padding is found even where the accuracy does not show it.
- Where numbers are made smaller, outputs must differ; what that costs is for the evaluation and the gate to say.
- Ranges for `int8` are taken from the validation data, never from the test data; without validation data such an export is
  refused. Other exports are compared on the test data then: a comparison of outputs decides nothing by labels.

## How variants are compared

`optimise` makes each variant, then measures it beside the original on this machine's CPU:

- **quality** on the same validation examples, pairwise, as the gate does ([gate.md](gate.md)): the advantage of the figure that
  the gate decides by, with its interval, and the verdict at the gate's margin. Without validation data the test data are
  taken, and the answer says that the choice has seen them;
- **speed** of single queries in turns with the original, {ROUNDS} rounds of A B B A, both in fresh processes on the same
  cores. The figure is how many times as fast it is, with its interval; the medians beside it are of the same runs;
- **size** of the files, **memory** of the process at its peak (the framework included), and the time to **load**.

Those marked with a star are the Pareto front: no other one is at least as good in quality, speed and size, and better in one
of them. Recommended is the fastest variant that is shown not to be worse, keeps the objectives of `model.toml`, and gains
something; of several whose speed cannot be told apart, the smallest, and of those that are about as small the best. Where
there is none, the answer is to keep the version as it is, and the exit status is 1.

Variants are made and measured one after another, since a measurement wants the machine to itself; evaluations wait meanwhile.
Nothing of a variant is recorded unless it is kept: it is then judged anew, on the test data.

## Adding a route

A route is a file in `engine/exports/` with `ROUTES`, framework-free, and a converter beside the loader of its source's format
(`engine/runtimes/<format>/exporting.py`). The contract test runs for it from then on, `optimise` tries it, and this page is
written anew by `python -P -m engine.exports_reference > docs/export.md`.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([INTRODUCTION, *_ways(), "", *_not_here(), ""]) + ENDING


def _ways() -> list[str]:
    lines = ["| from | to | numbers | needs validation data | over |", "|---|---|---|---|---|"]
    for source in Format:
        for way in ways(source):
            over = way.routes[0].name if len(way.routes) > 1 else ""
            lines.append(
                f"| {source} | `{way.name}` | {way.routes[-1].says} | {'yes' if way.calibrated else 'no'} | {over} |"
            )
    return [*lines, "", f"Each route is tested on a real model: `{TEST[1]}` in `{TEST[0]}`."]


def _not_here() -> list[str]:
    lines = ["What is not there, and why:", ""]
    for reason, pairs in groupby(NOT_HERE, key=NOT_HERE.__getitem__):
        named = ", ".join(f"{source} to {target}" for source, target in pairs)
        lines.append(f"- {named}: {reason}.")
    return lines


if __name__ == "__main__":
    sys.stdout.write(page())
