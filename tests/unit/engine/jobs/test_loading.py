"""What a load puts on record, and what it leaves as it is: a real process of a real version."""

from engine.jobs import loading
from engine.jobs.loading_record import mark_ready
from storage.tables import events
from tests.ward import Ward, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]


def test_a_load_that_is_no_news_writes_nothing(ward: Ward) -> None:
    """A version that is ready and turned out to be the same is loaded for every question; the record stays as it is."""
    with loading.fresh(ward.context, ward.current(), "cpu", (), lambda: False) as process:
        mark_ready(ward.context, ward.current(), process, "cpu")
        version = ward.current()
        with ward.context.writer.transaction() as connection:
            before = connection.total_changes
        mark_ready(ward.context, version, process, "cpu")
        with ward.context.writer.transaction() as connection:
            assert connection.total_changes == before


def test_a_damaged_copy_is_told_when_it_is_made_anew(ward: Ward) -> None:
    """The version loads from the bytes that are on record; that its copy was not them may be the disk's failing."""
    copy = ward.context.workspace.objects / (ward.current().sha256 or "") / "model.onnx"
    copy.chmod(0o600)
    copy.write_bytes(b"?" * copy.stat().st_size)
    with loading.fresh(ward.context, ward.current(), "cpu", (), lambda: False) as process:
        assert process.loaded.parameters == 650
    with ward.context.writer.transaction() as connection:
        told = [event.message for event in events.read(connection, limit=9) if event.code == "copy-mended"]
    assert told == [
        "the kept copy of version 2 was damaged; it was made again from models/digits/2",
    ]
