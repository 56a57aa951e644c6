"""What a cell's output holds: the widget while somebody signs in, one clean line afterwards.

Where no widget appears, what can be done without one takes its place, until it does appear. The
output is saved with the notebook. So what stays in it names no person, no scope, no link and no
code, and once somebody has signed in it reads well where no kernel is.
"""

import html
import threading
import uuid
from dataclasses import dataclass
from typing import Any

from nb_oauth.place import Cell, marimo_here
from nb_oauth.surfaces.html import Errand, as_html, as_text

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class _Shown:
    """One output in which the widget is shown."""

    display_id: str
    model_id: str
    cell: Cell | None


class Outputs:
    """The outputs in which one widget is shown. Its methods may be called in any thread.

    Args:
        provider_name: what people call the provider.
        invites: whether whoever reads the saved notebook can sign in as themselves.
    """

    def __init__(self, provider_name: str, *, invites: bool = True) -> None:
        self._provider_name = provider_name
        self._invites = invites
        self._shown: list[_Shown] = []
        self._errand: Errand | None = None
        self._is_signed_in = False
        self._publishing = threading.RLock()

    def are_visible_from(self, cell: Cell | None) -> bool:
        """Tell whether the widget is in some output while ``cell`` runs.

        What ``cell`` itself showed when it ran before is gone: front ends clear it.
        """
        where = [shown.cell for shown in self._shown]
        return any(
            shown is None or cell is None or shown.identifier != cell.identifier or shown == cell
            for shown in where
        )

    def show_widget(self, model_id: str, cell: Cell | None) -> None:
        """Show the widget in the output of ``cell``, which runs now.

        If somebody has signed in already, the line beside it is the clean one.
        """
        shown = _Shown(uuid.uuid4().hex, model_id, cell)
        with self._publishing:
            self._shown.append(shown)
            self._publish_widget(shown)

    def are_in(self, cell: Cell | None) -> bool:
        """Tell whether the widget is in what ``cell`` has shown in this very run of it."""
        return cell is not None and any(shown.cell == cell for shown in self._shown)

    def show_signed_in(self) -> None:
        """Show the clean line in the running cell's output."""
        _show(self._signed_in())

    def replace(self) -> None:
        """Replace the widget by the clean line, wherever it was shown: somebody has signed in."""
        with self._publishing:
            self._errand, self._is_signed_in = None, True
            while self._shown:
                _publish(self._signed_in(), self._shown.pop().display_id, update=True)

    def not_signed_in(self, errand: Errand | None, *, widget_appeared: bool) -> None:
        """Say in the widget's place what can be done without it, or nothing any more.

        Args:
            errand: what can be done; None takes away what was said before.
            widget_appeared: whether the widget can be seen, so that nobody needs another way.
                A front end draws an output anew when it is updated, and the keyboard loses its
                place; so none is updated only to say more there.
        """
        with self._publishing:
            self._is_signed_in = False
            if widget_appeared:
                errand = None
            if errand == self._errand:
                return
            self._errand = errand
            for shown in self._shown:
                self._publish_widget(shown, update=True)

    def bring_widget_back(self) -> None:
        """Show the widget where something else was said for want of it: it has appeared."""
        with self._publishing:
            if self._errand is not None:
                self._errand = None
                for shown in self._shown:
                    self._publish_widget(shown, update=True)

    def _publish_widget(self, shown: _Shown, *, update: bool = False) -> None:
        if self._errand is not None:  # a front end that knows widgets would show its own error
            _publish(self._what_to_do(self._errand), shown.display_id, update=update)
            return
        view = {"version_major": 2, "version_minor": 0, "model_id": shown.model_id}
        _publish({_WIDGET_VIEW: view, **self._beside()}, shown.display_id, update=update)

    def _beside(self) -> dict[str, Any]:
        if self._is_signed_in:
            return self._signed_in()
        return _line(f"Run this cell to sign in to {self._provider_name}.")

    def _signed_in(self) -> dict[str, Any]:
        invitation = " Run this cell to sign in as yourself." if self._invites else ""
        return _line(f"Signed in to {self._provider_name}.{invitation}")

    def _what_to_do(self, errand: Errand) -> dict[str, Any]:
        name = self._provider_name
        return {"text/plain": as_text(errand, name), "text/html": as_html(errand, name)}


def _line(text: str) -> dict[str, Any]:
    return {"text/plain": text, "text/html": f"<p>{html.escape(text)}</p>"}


def say(text: str) -> None:
    """Show one line of text in the running cell's output."""
    _show(_line(text))


def _show(bundle: dict[str, Any]) -> None:
    marimo = marimo_here()
    if marimo is None:
        _publish(bundle, uuid.uuid4().hex)
    else:
        marimo.output.append(marimo.Html(bundle["text/html"]))


def _publish(bundle: dict[str, Any], display_id: str, *, update: bool = False) -> None:
    from IPython.display import publish_display_data

    publish_display_data(  # type: ignore[no-untyped-call]
        bundle,
        metadata={},  # xeus-python publishes None as it is, and a notebook with that is invalid
        transient={"display_id": display_id},
        update=update,
    )
