"""LiteRT trusts its files: one with a few wrong bytes may crash its process, and must hurt nothing else."""

import random
from pathlib import Path

import pytest

from engine.processes.client import Hosts, ModelProcessError
from engine.runtimes import recognise, runtime_for
from storage.settings import LimitSettings
from storage.vocabulary import Format
from tests.tiny_models import KERAS_WARNING, save_litert

SEED = 20261123
MUTATIONS = 24

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)


def test_mutated_files_fail_their_own_process_only(tmp_path: Path) -> None:
    """Each mutation is refused, fails in one sentence, or loads; the host goes on and still loads the good file."""
    good = save_litert(tmp_path / "good.tflite")
    content = good.read_bytes()
    chance = random.Random(SEED)
    hosts = Hosts(scratch=tmp_path / "scratch", limits=LimitSettings(load_s=30))
    spec = runtime_for(Format.LITERT)
    sentences = []
    try:
        hosts.open(good, spec, "cpu", [tmp_path]).close()
        for number in range(MUTATIONS):
            mutated = bytearray(content)
            for _ in range(4):
                # Behind the mark, so that it is still taken for a LiteRT file.
                mutated[chance.randrange(8, len(mutated))] = chance.randrange(256)
            file = tmp_path / f"{number}.tflite"
            file.write_bytes(mutated)
            if recognise(file).format is None:
                continue
            try:
                hosts.open(file, spec, "cpu", [tmp_path]).close()
            except ModelProcessError as error:
                sentences.append(error.message)
        hosts.open(good, spec, "cpu", [tmp_path]).close()
    finally:
        hosts.close()
    assert all(sentence.count("\n") == 0 and sentence.endswith(".") for sentence in sentences), sentences
