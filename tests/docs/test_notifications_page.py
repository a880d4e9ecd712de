"""The page on notifications shows settings that hold, the whole document, and the pauses that hold."""

import re
import tomllib
from pathlib import Path

import msgspec

from engine.notify import pace
from engine.notify.message import MessageDocument
from storage import notify_settings
from storage.notice_vocabulary import Channel, NoticeKind
from storage.settings import read_model_settings, read_workspace_settings
from tests.docs.pages import text_of

PAGE = text_of("docs/notifications.md")


def test_the_settings_can_be_written_as_they_stand(tmp_path: Path) -> None:
    """The workspace's have every way and every key, and the model's are different."""
    workspace, model = (block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
    (tmp_path / "modeltender.toml").write_text(workspace)
    (tmp_path / "model.toml").write_text(model)
    notify = read_workspace_settings(tmp_path / "modeltender.toml").notify
    assert notify_settings.ways(notify) == tuple(Channel)
    own = read_model_settings(tmp_path / "model.toml").notify
    assert notify_settings.telling(notify, own).channels == (Channel.EMAIL,)
    written = tomllib.loads(workspace)["notify"]
    keys = {field.encode_name for field in msgspec.structs.fields(notify)} - {"channels"}
    assert set(written) == keys


def test_the_document_is_the_one_that_is_sent() -> None:
    """It can be read as one, and shows every field."""
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    found = msgspec.json.decode(shown, type=MessageDocument)
    assert set(msgspec.json.decode(shown)) == set(MessageDocument.__struct_fields__)
    assert found.notices[0].kind is NoticeKind.FAULT


def test_the_pauses_are_those_that_hold() -> None:
    """Half a minute to an hour."""
    assert [pace.again_in(failures) for failures in range(1, 6)] == [30, 120, 480, 1920, 3600]
    assert "30 s, 2 min, 8 min, 32 min, then every hour" in PAGE


def test_every_kind_has_its_row() -> None:
    """But for the test, which somebody asks for."""
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert rows == {kind.value for kind in NoticeKind if kind is not NoticeKind.TEST}
