"""What each check for faults last said of each model, and how it answered before that."""

import sqlite3

from storage.fault_records import CheckAnswer
from storage.text import clean
from storage.vocabulary import Answer


def read(connection: sqlite3.Connection, model: str) -> dict[str, CheckAnswer]:
    """Return the last answers about a model by the fault's code; those about the workspace are the empty name's."""
    rows = connection.execute("SELECT * FROM check_answers WHERE model = ? ORDER BY code", (model,))
    return {row["code"]: _answer(row) for row in rows}


def set_answer(connection: sqlite3.Connection, answer: CheckAnswer) -> None:
    """Record an answer, in the place of the one before."""
    connection.execute(
        "INSERT OR REPLACE INTO check_answers (model, code, version, answer, detail, basis, recent, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            answer.model,
            answer.code,
            answer.version,
            answer.answer,
            clean(answer.detail),
            answer.basis,
            answer.recent,
            answer.at,
        ),
    )


def last_rounds(connection: sqlite3.Connection) -> dict[str, float]:
    """Return when the faults of each model were last looked for."""
    rows = connection.execute("SELECT model, max(at) FROM check_answers GROUP BY model")
    return {row[0]: row[1] for row in rows}


def _answer(row: sqlite3.Row) -> CheckAnswer:
    return CheckAnswer(
        **{name: row[name] for name in CheckAnswer.__struct_fields__ if name != "answer"},
        answer=Answer(row["answer"]),
    )
