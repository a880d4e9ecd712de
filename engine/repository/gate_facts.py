"""Gathering what a gate is judged from: outcomes of the last evaluations, the anchor, earlier candidates, faults.

Owns what is read for a judgement, and the digest that tells whether any of it has changed. It decides nothing.
"""

import hashlib
import sqlite3
from functools import cached_property

import msgspec

from engine.evaluation.comparison import Side, side
from engine.evaluation.facts import Anchor, Facts
from engine.evaluation.gate import comparable, same_data
from storage.fault_records import Fault
from storage.records import LatencyRatio, Version
from storage.settings import ModelSettings
from storage.tables import evaluations, gates, models
from storage.tables import faults as fault_table
from storage.vocabulary import CheckVerdict, Status

EDITION = 3
"""Of the rules: a gate that was stored under other ones is judged again. Raise it when what they say changes."""


class GateFacts:
    """What is on record about a candidate and what it would replace; examples are read when they are asked for."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        current: Version | None,
        candidate: Version,
        settings: ModelSettings,
    ) -> None:
        self._connection = connection
        self._current = current
        self._candidate = candidate
        self._settings = settings
        self.model_id = models.model_id(connection, candidate.model) or 0

    def basis(self) -> str:
        """Return a digest of everything that `facts` returns, made without reading any example."""
        anchor = self.anchor_version
        told = (
            EDITION,
            self._settings.gate,
            self._settings.objectives,
            self._settings.labels,
            [None if one is None else self._told(one) for one in (self._current, self._candidate, anchor)],
            self.place,
            self.faults,
            self.ratio,
        )
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()

    def facts(self) -> Facts:
        """Return what the gate is judged from."""
        evaluation = self._candidate.evaluation
        return Facts(
            candidate=self._side(self._candidate),
            settings=self._settings,
            current=None if self._current is None else self._side(self._current),
            anchor=self._anchor(),
            place=self.place,
            faults=self.faults,
            slices=evaluations.slices(self._connection, evaluation.id) if evaluation else (),
            ratio=self.ratio,
        )

    @cached_property
    def place(self) -> int:
        """Which candidate this is on its test set; what is not compared with anything is not counted."""
        evaluation = self._candidate.evaluation
        if evaluation is None or not comparable(self._current, self._candidate):
            return 1
        return gates.place(
            self._connection,
            self.model_id,
            dataset_sha256=evaluation.dataset_sha256,
            artefact_sha256=evaluation.artefact_sha256,
            number=self._candidate.number,
        )

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """The open faults of the two versions."""
        numbers = {one.number for one in (self._current, self._candidate) if one}
        found = fault_table.all_open(self._connection, self._candidate.model)
        return tuple(fault for fault in found if fault.version in numbers)

    @cached_property
    def ratio(self) -> LatencyRatio | None:
        """How long the candidate takes beside the current version, on the device where it was evaluated."""
        current, candidate = self._current, self._candidate
        if current is None or candidate.evaluation is None or not (current.sha256 and candidate.sha256):
            return None
        device = candidate.evaluation.device
        return gates.ratio(self._connection, current.sha256, candidate.sha256, device=device)

    @cached_property
    def anchor_version(self) -> Version | None:
        """The best version that was promoted on the candidate's test set."""
        evaluation = self._candidate.evaluation
        if evaluation is None:
            return None
        found = gates.anchor(self._connection, self.model_id, evaluation.dataset_sha256)
        return models.version(self._connection, found)

    def _anchor(self) -> Anchor | None:
        version = self.anchor_version
        if version is None:
            return None
        is_current = self._current is not None and version.id == self._current.id
        same = same_data(version, self._candidate)
        if same.verdict is CheckVerdict.PASS or is_current:
            return Anchor(self._side(version), is_current=is_current)
        if version.status is not Status.READY:
            # It cannot be evaluated any more: nobody could do what the check would ask for.
            return None
        return Anchor(Side(version, None, {}), is_current=False, problem=same.detail)

    def _side(self, version: Version) -> Side:
        if version.evaluation is None:
            return Side(version, None, {})
        number = version.evaluation.id
        return side(
            version,
            evaluations.outcomes(self._connection, number),
            evaluations.example_values(self._connection, number),
        )

    def _told(self, version: Version) -> tuple[object, ...]:
        """Return what of a version a judgement depends on; an evaluation never changes but for its latency report."""
        evaluation = version.evaluation
        told = (version.id, version.status, version.sha256, None if evaluation is None else evaluation.id)
        if self._current is not None and not self._settings.gate.require:
            return told
        return (*told, version.bytes, version.loading, None if evaluation is None else evaluation.latency)
