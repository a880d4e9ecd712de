"""The first steps in the console: what is missing is said with the one thing to do, and where a key does it, it is done."""

from storage.database import Writer
from storage.device_details import Obstacle
from storage.records import Device
from storage.settings import read_model_settings
from storage.tables import devices
from storage.vocabulary import DeviceKind, Task
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.screen import read_it, shows, text, told
from tests.console.test_actions import SIZE, select


def processor(*runtimes: str) -> Device:
    """Return a processor that can use these runtimes."""
    return Device(
        id="cpu",
        kind=DeviceKind.CPU,
        name="A processor",
        usable_by=runtimes,
        note="",
        memory_total_bytes=2**33,
        obstacles=(
            Obstacle("keras", "tensorflow is not installed", "pip install 'modeltender[tensorflow]'"),
        ),
    )


async def test_without_a_framework_that_is_the_first_step(
    open_console: Open, workspace: Workspace, writer: Writer
) -> None:
    """Before a model can be brought there has to be something that runs it, and the page says what to type."""
    with writer.transaction() as connection:
        devices.replace(connection, [processor("safetensors-numpy")])
    async with open_console(workspace).run_test(size=SIZE) as pilot:
        await shows(pilot, "pip install 'modeltender[onnx]'")
        with writer.transaction() as connection:
            devices.replace(connection, [processor("safetensors-numpy", "onnxruntime")])
        shown = await shows(pilot, "what runs here: onnxruntime")
        assert "pip install" not in shown


async def test_e_shows_and_writes_first_settings(open_console: Open, staged: Workspace) -> None:
    """The file is shown whole before it is written, and holds what was measured."""
    file = staged.model_settings("digits-onnx")
    file.parent.mkdir(parents=True)
    async with open_console(staged).run_test(size=(80, 32), notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await select(pilot, "digits-onnx")
        await pilot.press("e")
        shown = await shows(pilot, "Write models/digits-onnx/model.toml?")
        assert 'task = "classification"  # as v1 was measured' in shown
        assert '# accuracy = ">= ' in shown
        assert not file.exists()
        await read_it(pilot)
        await pilot.press("y")
        await told(pilot, "Written: models/digits-onnx/model.toml")
    assert read_model_settings(file).task is Task.CLASSIFICATION


async def test_enter_writes_nothing(open_console: Open, staged: Workspace) -> None:
    """In this question, too, Enter is no."""
    file = staged.model_settings("digits-onnx")
    file.parent.mkdir(parents=True)
    async with open_console(staged).run_test(size=SIZE) as pilot:
        await shows(pilot, "Models 6")
        await select(pilot, "digits-onnx")
        await pilot.press("e")
        await shows(pilot, "Write models/digits-onnx/model.toml?")
        await pilot.press("enter")
        await shows(pilot, lambda shown: "Write models" not in shown)
    assert not file.exists()


async def test_written_settings_are_left_alone(open_console: Open, staged: Workspace) -> None:
    """Where there is a file it is said whose it is, and nothing is offered."""
    file = staged.model_settings("digits-onnx")
    file.parent.mkdir(parents=True)
    file.write_text("# mine\n")
    async with open_console(staged).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await select(pilot, "digits-onnx")
        await pilot.press("e")
        await told(pilot, "models/digits-onnx/model.toml exists")
        assert "Write models" not in text(pilot)
    assert file.read_text() == "# mine\n"


async def test_read_only_writes_no_settings(open_console: Open, staged: Workspace) -> None:
    """A console that changes nothing does not write files either."""
    async with open_console(staged, read_only=True).run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await select(pilot, "digits-onnx")
        await pilot.press("e")
        await told(pilot, "This console is read-only")
    assert not staged.model_settings("digits-onnx").exists()
