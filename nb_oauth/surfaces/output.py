"""What a cell's output holds: the widget while somebody signs in, one clean line afterwards.

The output is saved with the notebook. So it names no person, no scope and no link, and once
somebody has signed in it reads well where no kernel is.
"""

import html
import uuid
from typing import Any

from nb_oauth.place import Cell

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Outputs:
    """The outputs in which one widget is shown.

    Args:
        provider_name: what people call the provider.
        invites: whether whoever reads the saved notebook can sign in as themselves.
    """

    def __init__(self, provider_name: str, *, invites: bool = True) -> None:
        self._provider_name = provider_name
        self._invites = invites
        self._shown: list[tuple[str, Cell | None]] = []

    def are_visible_from(self, cell: Cell | None) -> bool:
        """Tell whether the widget is in some output while ``cell`` runs.

        What ``cell`` itself showed when it ran before is gone: front ends clear it.
        """
        return any(
            shown is None or cell is None or shown.identifier != cell.identifier or shown == cell
            for _, shown in self._shown
        )

    def show_widget(self, model_id: str, cell: Cell | None) -> None:
        """Show the widget in the output of ``cell``, which runs now."""
        display_id = uuid.uuid4().hex
        self._shown.append((display_id, cell))
        view = {"version_major": 2, "version_minor": 0, "model_id": model_id}
        _publish({_WIDGET_VIEW: view, **self._not_yet()}, display_id)

    def show_signed_in(self) -> None:
        """Show the clean line in the running cell's output."""
        _publish(self._signed_in(), uuid.uuid4().hex)

    def replace(self) -> None:
        """Replace the widget by the clean line, wherever it was shown."""
        while self._shown:
            display_id, _ = self._shown.pop()
            _publish(self._signed_in(), display_id, update=True)

    def _signed_in(self) -> dict[str, Any]:
        invitation = " Run this cell to sign in as yourself." if self._invites else ""
        return _line(f"Signed in to {self._provider_name}.{invitation}")

    def _not_yet(self) -> dict[str, Any]:
        return _line(f"Run this cell to sign in to {self._provider_name}.")


def _line(text: str) -> dict[str, Any]:
    return {"text/plain": text, "text/html": f"<p>{html.escape(text)}</p>"}


def _publish(bundle: dict[str, Any], display_id: str, *, update: bool = False) -> None:
    from IPython.display import publish_display_data

    publish_display_data(  # type: ignore[no-untyped-call]
        bundle, transient={"display_id": display_id}, update=update
    )
