"""Damaged models of every format, on the real road: none hurts the engine, and each ends in a figure or a reason."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from storage.vocabulary import Format
from tests.fuzz import mutations
from tests.fuzz.campaign import TARGETS, Campaign, End, planned, table
from tests.fuzz.mutations import AWARE, BLIND
from tests.tiny_models import KERAS_WARNING

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

COUNT = int(os.environ.get("FUZZ_TESTS", "220"))
"""How many damaged models a run of the tests tries; ``make fuzz`` tries ten times as many."""

PLANNED = Counter(wanted for wanted, _ in planned(COUNT))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """Return good models and hosts that stay warm for a module's tests."""
    held = Campaign(tmp_path_factory.mktemp("fuzz"))
    yield held
    held.hosts.close()
    assert not list((held.folder / "scratch").iterdir())


@pytest.mark.parametrize("wanted", TARGETS)
def test_damaged_models_end_in_a_figure_or_a_reason(wanted: Format, campaign: Campaign) -> None:
    """Whatever is wrong with a file, it is refused, fails in one sentence, or is evaluated honestly, in time."""
    outcomes = [campaign.attempt(wanted, number) for number in range(PLANNED[wanted])]
    print(table(outcomes))
    assert {outcome.end for outcome in outcomes} <= set(End)
    # The hosts are as good as before.
    good = campaign.attempt_good(wanted)
    assert good.end is End.READY, good.reason


def test_every_format_is_damaged() -> None:
    """A new format is tried from its first day on, and the shares are of one whole."""
    assert TARGETS.keys() == set(Format)
    assert sum(target.share for target in TARGETS.values()) == pytest.approx(1)


def test_enough_is_tried() -> None:
    """A run of the tests tries two hundred at least."""
    assert sum(PLANNED.values()) >= 200 or COUNT < 200


KINDS = {kind.__name__: kind for kinds in (BLIND, *AWARE.values()) for kind in kinds}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_same_seed_does_the_same_damage(kind: mutations.Mutation) -> None:
    """A defect that was found can be shown again, on any bytes, and damage is nearly always some."""
    import random

    contents = [b"\0", b"12345678" * 8, bytes(range(256)), b"\x08\x01\x12\x03abc" * 9]
    for content in contents:
        damaged = [kind(random.Random(seed), content) for seed in range(20)]
        assert damaged == [kind(random.Random(seed), content) for seed in range(20)]
        assert sum(each != content for each in damaged) >= 10
