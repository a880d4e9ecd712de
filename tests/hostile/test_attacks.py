"""One test for each row of hostile files in ``docs/security.md``: the attacks fail, and the reason names them.

Each attack is tried twice: as it comes, and once more with the look at its bytes left out, behind the walls alone. That
they are attacks is proved in `test_victims`.
"""

import pytest

from engine.runtimes import recognise
from sample_models.hostile import ATTACKS, Attack
from sample_models.hostile.pickles import GADGETS, gadget
from tests.hostile.arsenal import Arsenal, arsenal
from tests.tiny_models import KERAS_WARNING

__all__ = ["arsenal"]

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)


def row(number: int) -> pytest.MarkDecorator:
    """Give a test every attack of a row."""
    found = [attack for attack in ATTACKS if attack.row == number]
    return pytest.mark.parametrize("attack", found, ids=[ascii(attack.name) for attack in found])


@row(1)
def test_a_pickle_that_starts_a_program_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """A pickle that would start a program is refused by the name of what it would call."""
    arsenal.check(attack)


@row(2)
def test_a_gadget_from_an_innocent_module_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """A pickle that calls what no list of bad names thinks of is refused all the same."""
    arsenal.check(attack)


@pytest.mark.parametrize("called", GADGETS)
def test_every_gadget_is_refused_by_name(called: str, arsenal: Arsenal) -> None:
    """Whatever a pickle calls, by whatever detour, it is refused, unopened, and the reason names a part of the way."""
    file, canary = arsenal.folder / f"{called}.pt", arsenal.folder / f"{called}-canary"
    file.write_bytes(gadget(called, canary))
    found = recognise(file)
    assert found.refused
    assert "would run code (" in found.reason
    assert not canary.exists()


@row(3)
def test_a_disguised_or_damaged_pickle_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """Neither another suffix nor a wrong checksum nor a flag hides a pickle."""
    arsenal.check(attack)


@row(4)
def test_a_pickle_in_an_archive_in_an_archive_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """What lies in an archive in an archive is not overlooked."""
    arsenal.check(attack)


@row(5)
def test_a_program_that_fails_its_safe_load_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """A program that torch would load without restraint is refused, and calls nothing behind the walls."""
    arsenal.check(attack)


@row(6)
def test_native_code_in_a_program_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """A library among a program's members is never mapped."""
    arsenal.check(attack)


@row(7)
def test_torchscript_that_reads_writes_or_loops_is_stopped(attack: Attack, arsenal: Arsenal) -> None:
    """TorchScript runs behind walls: it reads nothing, writes nothing, and ends at its deadline."""
    arsenal.check(attack)


@row(8)
def test_a_keras_lambda_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """Bytecode in a configuration is refused before Keras sees it."""
    arsenal.check(attack)


@row(9)
def test_a_keras_configuration_that_asks_for_code_or_files_is_refused(
    attack: Attack, arsenal: Arsenal
) -> None:
    """A configuration that names a function, a second model or somebody's file is refused by that name."""
    arsenal.check(attack)


@row(10)
def test_a_legacy_hdf5_file_that_reaches_out_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """A legacy file is looked into behind the walls, and refused for a Lambda, a link or bytes from elsewhere."""
    arsenal.check(attack)


@row(11)
def test_a_saved_model_that_touches_files_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """A graph that reads, writes or lists files, or calls Python, is refused by the operator's name."""
    arsenal.check(attack)


@row(12)
def test_onnx_weights_outside_the_folder_are_refused(attack: Attack, arsenal: Arsenal) -> None:
    """Weights are read below the model's folder only, by whatever way the path leads out."""
    arsenal.check(attack)


@row(13)
def test_an_onnx_operator_of_a_foreign_library_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """No library of a model's author is loaded."""
    arsenal.check(attack)


@row(14)
def test_a_malformed_litert_file_fails_alone(attack: Attack, arsenal: Arsenal) -> None:
    """A file that LiteRT might crash over is refused, or fails its own process."""
    arsenal.check(attack)


@row(15)
def test_a_zip_bomb_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """A bomb is known by its directory, and not unpacked."""
    arsenal.check(attack)


@row(16)
def test_overlapping_or_duplicate_entries_are_refused(attack: Attack, arsenal: Arsenal) -> None:
    """Where two readers could see two files, neither is read."""
    arsenal.check(attack)


@row(17)
def test_paths_and_links_out_of_an_archive_are_refused(attack: Attack, arsenal: Arsenal) -> None:
    """An archive that would write outside of its folder is refused, though nothing is unpacked here."""
    arsenal.check(attack)


@row(18)
def test_a_model_that_asks_for_a_tebibyte_is_stopped(attack: Attack, arsenal: Arsenal) -> None:
    """A demand without measure ends in a sentence about memory, and costs none."""
    arsenal.check(attack)


@row(19)
def test_a_model_that_never_answers_is_stopped(attack: Attack, arsenal: Arsenal) -> None:
    """A model without an end is ended at its deadline."""
    arsenal.check(attack)


@row(20)
def test_a_fork_and_thread_bomb_is_a_dud(attack: Attack, arsenal: Arsenal) -> None:
    """A model that multiplies starts no process."""
    arsenal.check(attack)


@row(21)
def test_a_model_that_calls_home_is_refused(attack: Attack, arsenal: Arsenal) -> None:
    """A model that opens a connection reaches nobody."""
    arsenal.check(attack)


@row(22)
def test_a_model_that_fills_the_disk_is_stopped(attack: Attack, arsenal: Arsenal) -> None:
    """A model's scratch has an end, after which it is stopped."""
    arsenal.check(attack)


@row(23)
def test_escape_sequences_in_names_and_errors_are_cleaned(attack: Attack, arsenal: Arsenal) -> None:
    """What a model is called, calls its parts or says when it fails cannot steer a terminal."""
    arsenal.check(attack)


@row(24)
def test_markup_in_names_is_text(attack: Attack, arsenal: Arsenal) -> None:
    """What a model or its parts are called is text, whatever it would mean as markup."""
    arsenal.check(attack)


def test_every_row_of_hostile_files_has_an_attack() -> None:
    """Rows 1 to 24 are about files, and each has one that can be run."""
    assert {attack.row for attack in ATTACKS} == set(range(1, 25))


def test_every_attack_has_its_own_name() -> None:
    """An attack is found by its name."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
