"""``modeltender trust --list`` and ``quarantine``: what they print of what is on record, and what they do not let through."""

import pytest

from storage import jobs
from storage.database import Writer
from storage.records import Job, Refusal
from storage.tables import models, quarantine, trust
from storage.vocabulary import Custody, ExitCode, Format, JobKind, JobState, Status
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import NOW

ENTRY = [
    "id",
    "model",
    "version",
    "name",
    "sha256",
    "format",
    "bytes",
    "reason",
    "evidence",
    "liftable",
    "found_at",
    "state",
    "by",
    "at",
    "why",
]
TRUSTED = ["sha256", "model", "version", "trusted", "at", "by", "reason", "found"]


@pytest.fixture
def held(ask: Run, writer: Writer) -> Run:
    """Return a way to ask about a workspace that keeps one arrival, has one marked version, and trusts one content."""
    with writer.transaction() as connection:
        entry = quarantine.intend(
            connection,
            model="mnist",
            name="evil.keras",
            sha256="e" * 64,
            kind=Format.KERAS,
            size=2048,
            reason="evil.keras asks for \x1b[2Jkeras.utils.get_file, which no model needs",
            evidence=("keras.utils.get_file", "Lambda layer 'x'"),
            liftable=True,
            at=NOW,
        )
        quarantine.set_state(connection, entry, Custody.KEPT)
        newest = models.versions(connection, "mnist")[0]
        models.set_version(
            connection,
            newest.id,
            status=Status.QUARANTINED,
            reason="it crashed",
            refusal=Refusal(
                at=NOW, evidence=("3 failed loads in a row, the last: it crashed",), liftable=False
            ),
        )
        trust.record(
            connection,
            "a" * 64,
            granted=True,
            model="mnist",
            version=1,
            at=NOW,
            requested_by="ann",
            reason="\u202ereviewed",
            found="a Lambda layer",
        )
    return ask


def test_the_documents_have_the_promised_fields(held: Run) -> None:
    """An entry and a marked version have the same fields; a version has no entry's number, an entry no version's."""
    entry, marked = held("quarantine", "list", "--json").json
    assert list(entry) == list(marked) == ENTRY
    assert (entry["id"], entry["version"], entry["state"]) == (1, None, Custody.KEPT)
    assert (marked["id"], marked["version"], marked["state"]) == (None, 3, Status.QUARANTINED)
    [trusted] = held("trust", "--list", "--json").json
    assert list(trusted) == TRUSTED
    assert held("status", "--json").json["quarantined"] == [entry]


def test_the_list_says_what_was_found_and_the_way_out(held: Run) -> None:
    """Each with its reason, all of the evidence and the command to type; nothing in it steers the terminal."""
    told = held("quarantine", "list").out
    assert "1  train/mnist/evil.keras  2.0 KiB  kept, found " in told
    assert "found: keras.utils.get_file; Lambda layer 'x'" in told
    assert "if you trust it: modeltender quarantine release 1 --reason …" in told
    assert "-  models/mnist/3" in told
    for said in (told, held("trust", "--list").out, held("show", "mnist").out):
        assert all(character == "\n" or character.isprintable() for character in said)
    assert "modeltender quarantine release 1" in held("show", "mnist").out


def test_nothing_is_deleted_or_trusted_without_a_word(held: Run, writer: Writer) -> None:
    """A script has to confirm a removal, and trust and release need a reason; nothing is asked of the engine before."""
    for words in (
        ("quarantine", "delete", "1"),
        ("quarantine", "release", "1"),
        ("quarantine", "release", "1", "--reason", " "),
        ("trust", "mnist@3"),
        ("trust", "mnist", "--reason", "x"),
        ("trust", "--reason", "x"),
    ):
        said = held(*words, "--json")
        assert (said.status, said.json["error"]["code"]) == (ExitCode.USAGE, "usage"), words
    with writer.transaction() as connection:
        asked = {job.kind for job in jobs.read(connection, limit=100)}
    assert not asked & {JobKind.TRUST, JobKind.RELEASE, JobKind.DELETE}


def test_a_no_of_the_engine_is_the_command_s_no(held: Run, working: Begin) -> None:
    """What the engine refuses ends with 1 and its sentence, what it does not know with 2."""

    def refuse(writer: Writer, job: Job) -> None:
        code = "refused" if job.parameters.entry == 1 else "unknown"
        with writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.FAILED, now=NOW, code=code, error="No.", hint="Look.")

    done = working(refuse)
    said = held("quarantine", "release", "1", "--reason", "mine", "--json")
    assert (said.status, said.json["error"]["message"]) == (ExitCode.NO, "No.")
    assert held("quarantine", "delete", "9", "--yes").status == ExitCode.USAGE
    assert [(job.kind, job.parameters.entry) for job in done] == [(JobKind.RELEASE, 1), (JobKind.DELETE, 9)]
