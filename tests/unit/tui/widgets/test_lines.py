"""The base of every panel: a line is drawn as it was made."""

import pytest
from rich.text import Text
from textual.app import App, ComposeResult

from tui.widgets.panel import Panel


class Paneled(App[None]):
    """A panel."""

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Panel()


@pytest.mark.parametrize("line", [Text("quiet", "dim"), Text.assemble("quiet", style="dim")])
async def test_a_line_of_one_style_is_drawn_in_it(line: Text) -> None:
    """What stands back as a whole, as a heading or an axis, is no louder than what does in parts."""
    app = Paneled()
    async with app.run_test(size=(40, 5)) as pilot:
        await pilot.pause()
        panel = app.query_one(Panel)
        panel.draw([line, Text("loud")])
        quiet, loud = (
            next(segment for segment in panel.render_line(y) if segment.text.strip()) for y in (0, 1)
        )
        assert quiet.style is not None
        assert quiet.style.dim
        assert loud.style is None or not loud.style.dim
