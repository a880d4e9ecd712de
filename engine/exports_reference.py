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

INTRODUCTION = """# Exporting and optimising

```bash
modeltender optimise mnist                                # try everything, keep nothing, get a recommendation
modeltender export mnist --to litert --quantize int8      # make one variant and hand it in as a new version
modeltender optimise mnist --keep litert-int8             # both at once; --keep pareto keeps every starred one
```

An export is treated like any other version: it arrives in `train/`, is examined, becomes the next version, is evaluated on the test
data, and stands as a candidate before the gate. Nothing is deployed by it. `modeltender show` says what it was made from and how far its
outputs lie from the original's. Its parentage is tied to its content, so it stays true wherever the file goes.

## What can be made of what
"""

ENDING = f"""
## How an export is checked

- The conversion runs in the process that has loaded the version, in the same sandbox, and can write only to its scratch folder. The
  result is collected after that process has ended, and examined like any file from a stranger.
- Both models answer the same {EXAMPLES} examples, spread evenly over the validation data: one alone, then many together. The largest and
  the mean difference of their outputs, and the share of examples with the same top class, are kept.
- If the numbers stay as they are, the largest difference may be {TOLERANCE:g} of the largest output (or of 1, if all outputs are
  smaller). Anything more fails the export, so a wrong layout or padding is found even if the accuracy does not show it.
- If the numbers get smaller, the outputs must differ; what that costs is for the evaluation and the gate to say.
- Ranges for `int8` come from the validation data, never from the test data; without validation data such an export is refused. Other
  exports then compare outputs on the test data, which decides nothing by labels.

## How variants are compared

`optimise` makes each variant, then measures it beside the original on this machine's CPU:

- **quality** on the same validation examples, paired, as the gate does it ([gate.md](gate.md)): the advantage in the gate's figure, with
  its interval, and the verdict at the gate's margin. Without validation data the test data are used, and the answer says that the
  choice has seen them;
- **speed** of single queries in alternation with the original, {ROUNDS} rounds of A B B A, both in fresh processes on the same
  cores. The figure is the speed-up, with its interval; the medians beside it come from the same runs;
- **size** of the files, peak **memory** of the process (the framework included), and **load** time.

A star marks the Pareto front: no other variant is at least as good in quality, speed and size, and better in one of them. The
recommendation is the fastest variant that is shown not to be worse, meets the objectives of `model.toml`, and gains something; among
several of indistinguishable speed, the smallest; among those of about the same size, the best. If there is none, the advice is to keep
the version as it is, and the exit status is 1.

Variants are made and measured one after another, since a measurement needs the machine to itself; evaluations wait meanwhile. Nothing
about a variant is recorded unless it is kept, and then it is judged afresh, on the test data.

## Adding a route

A route is a file in `engine/exports/` with `ROUTES`, free of frameworks, and a converter beside the loader of its source's format
(`engine/runtimes/<format>/exporting.py`). From then on the contract test covers it and `optimise` tries it. Regenerate this page with
`python -P -m engine.exports_reference > docs/export.md`.
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
