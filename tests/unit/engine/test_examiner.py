"""What the examiner makes of hosts that are ended while one of them looks into files."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from engine.examiner import INTERRUPTIONS, Examiner
from engine.processes.endings import Activity, ended
from engine.processes.examiner_process import ExaminerProcess, Suspect
from engine.repository.examine import Examined
from engine.repository.scanner import read_item
from storage.vocabulary import Format
from tests.handmade_models import save_onnx
from tests.watched import ANSWER_S


class Bereft:
    """An examiner whose host is ended a number of times before it answers."""

    alive = True

    def __init__(self, times: int) -> None:
        self._left = times

    def examine(self, suspects: Sequence[Suspect], **_terms: object) -> list[Examined]:
        """Vanish, or answer."""
        if self._left:
            self._left -= 1
            raise ended(None, Activity.EXAMINING, "", 0)
        return [Examined(one.item.name, (one.item.name,), Format.ONNX) for one in suspects]

    def close(self) -> None:
        """Let go of nothing."""


@pytest.mark.parametrize(("times", "refused"), [(INTERRUPTIONS, False), (1000, True)])
def test_a_host_that_is_ended_is_held_against_no_file_at_first(
    tmp_path: Path, *, times: int, refused: bool
) -> None:
    """A machine without memory ends hosts; what ends one at each look is not honest."""
    save_onnx(tmp_path / "a.onnx")
    suspect = Suspect(tmp_path, read_item(tmp_path, "a.onnx"), frozenset({"a.onnx"}))
    process = Bereft(times)
    held = Examiner(lambda _folders: cast("ExaminerProcess", process), (tmp_path,), idle_s=60)
    held.start()
    try:
        assert held.submit(suspect).result(ANSWER_S).refused is refused
    finally:
        held.stop()
