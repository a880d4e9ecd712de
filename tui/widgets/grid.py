"""A container that puts its panels where a plan says, and touches nothing while the plan stays the same."""

from textual.containers import Container
from textual.dom import DOMNode

from tui.layout import Plan


class Panels(Container):
    """A grid of panels, named by their ids; those that a plan leaves out are hidden."""

    DEFAULT_CSS = """
    Panels { layout: grid; width: 1fr; height: 1fr; }
    """

    _plan: Plan | None = None

    def place(self, plan: Plan) -> None:
        """Show the plan's panels in its order."""
        if plan == self._plan:
            return
        self._plan = plan
        self.styles.grid_size_columns, self.styles.grid_size_rows = len(plan.columns), len(plan.rows)
        self.styles.grid_columns = " ".join(map(str, plan.columns))
        self.styles.grid_rows = " ".join(map(str, plan.rows))
        spots = {spot.panel: (position, spot.span) for position, spot in enumerate(plan.spots)}
        for child in self.children:
            position, span = spots.get(child.id or "", (None, 1))
            child.display = position is not None
            child.styles.column_span = span

        def order(child: DOMNode) -> int:
            return spots.get(child.id or "", (len(spots), 1))[0]

        self.sort_children(key=order)
