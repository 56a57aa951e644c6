"""The widget: what is shown in a notebook, and how its answers come back.

What people see travels in custom messages, never in traits, since traits are saved with the
notebook. What they type comes as a binary buffer, so that no log of message contents holds it.
"""

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from nb_oauth import place, waiting
from nb_oauth.prompts import Credentials, Delivered, Page, RawAnswer, TypedClient
from nb_oauth.surfaces import static_files
from nb_oauth.surfaces.choosing import surface_for
from nb_oauth.surfaces.contract import (
    UNDER_WAY,
    Appeared,
    Cancelled,
    Companion,
    Event,
    NewLinkWanted,
    RenewWanted,
    SignOutWanted,
    Status,
    View,
)
from nb_oauth.surfaces.html import Errand, errand_of
from nb_oauth.surfaces.output import Outputs

if TYPE_CHECKING:
    from concurrent.futures import Future

_SIMPLE_EVENTS: dict[object, Event] = {
    "hello": Appeared(),
    "cancel": Cancelled(),
    "new_link": NewLinkWanted(),
    "renew": RenewWanted(),
    "sign_out": SignOutWanted(),
}


_APPEARS_WITHIN = 3.0  # seconds; a code is saved with the notebook only where nothing else shows it


class LoginWidget(anywidget.AnyWidget):
    """Shows views, and reports what a person did.

    Args:
        report: takes each event, in whatever thread the kernel handles the message; it must
            return at once.
        outputs: what the cells' outputs hold.
        beside_kernel: whether the sign-in page may be on the kernel's machine: a browser on
            another then looks for the way to it.

    Attributes:
        status: how far the sign-in has come, as text; observe it like any trait. Observers run
            in the thread that signs in; of its end they hear after whoever waits for it.
    """

    _parts: ClassVar[tuple[str, ...]] = ()  # of a subclass: what its prompts need, as "code"
    _esm = static_files.script("login")
    _css = static_files.style("login")

    status = traitlets.Unicode(Status.PREPARING.value, read_only=True)

    any_has_appeared: ClassVar[bool] = False
    """Whether the front end has shown one of this process."""

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401 - anywidget's own
        """Give a class that names ``_parts`` the files that it needs."""
        if "_parts" in vars(cls):
            cls._esm = static_files.script("login", *cls._parts)
            cls._css = static_files.style("login", *cls._parts)
        super().__init_subclass__(**options)

    def __init__(
        self, report: Callable[[Event], None], outputs: Outputs, *, beside_kernel: bool = False
    ) -> None:
        waiting.prepare()
        if beside_kernel:
            self._esm = static_files.script("login", *self._parts, "beside")
        self._report = report
        self._view: View | None = None
        self._has_appeared = self._bearer_is_sent = False
        self._is_missing = False  # and was waited for already
        self._showing = threading.RLock()  # a display hook of somebody's own may show it again
        self._known_messages: set[object] = set()
        self._outputs = outputs
        self._companions: list[Companion] = []
        super().__init__()
        self._is_embedded = False
        self.on_msg(self._take_message)

    def __repr__(self) -> str:
        """Say how far it has come. It appears in saved notebooks: no name, no scope, no link."""
        return f"<{type(self).__name__}: {self.status}>"

    @property
    def model_id(self) -> Any:  # noqa: ANN401 - ipywidgets' own
        """The widget's identifier. A container asks for it to show the widget as its child."""
        self._is_embedded = True
        return super().model_id

    @property
    def is_closed(self) -> bool:
        """Whether the widget is gone for good: ``close()`` or ``Widget.close_all()``.

        In marimo it goes with the run of its cell, which closes nothing but the comm.
        """
        of_marimo = getattr(self.comm, "kernel", None) == "marimo"
        return self.comm is None or (of_marimo and getattr(self.comm, "_closed", False))

    def display(self) -> None:
        """Show the widget in the output of the running cell."""
        marimo = place.marimo_here()
        if marimo is None:
            self._outputs.show_widget(super().model_id, place.running_cell())
        else:
            marimo.output.append(self)

    def ensure_visible(self) -> None:
        """Show the widget in the running cell, unless it can be seen somewhere already."""
        if place.here() is place.Place.TERMINAL:
            return
        if not (self._is_embedded or self._outputs.are_visible_from(place.running_cell())):
            self.display()

    def _ipython_display_(self, **_: Any) -> None:  # noqa: ANN401 - IPython's options
        if not self._outputs.are_in(place.running_cell()):
            self.display()

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """While entered, somebody who sees no widget is asked as the place has it."""
        seen = partial(getattr, self, "_has_appeared")
        companion = surface_for(place.here(), self._report, seen, _APPEARS_WITHIN)
        if companion is None:
            yield
            return
        with companion:
            try:
                with self._showing:
                    self._companions.append(companion)
                    if self._view is not None and self._view.status in UNDER_WAY:
                        companion.show(self._view)
                yield
            finally:
                if companion in self._companions:  # not so if Ctrl-C came before
                    self._companions.remove(companion)

    @contextlib.contextmanager
    def observers_later(self) -> Iterator[None]:
        """While entered, observers of ``status`` are not told; they are on leaving."""
        with self.hold_trait_notifications():
            yield

    def show(self, view: View) -> None:
        """Show ``view`` in every place where the widget is, in place of the one before.

        Once somebody has signed in, the clean line takes the widget's place. If it is displayed
        again it stays there, whatever is shown next.
        """
        with self._showing:
            if self._view is None or self._view.status not in UNDER_WAY:
                self._began = time.monotonic()
            self._view = view
            self._send_view()
            for companion in list(self._companions):
                companion.show(view)
            if view.status is not Status.SIGNED_IN:
                self._say_beside(view)
            elif self.status != Status.SIGNED_IN.value:
                self._outputs.replace()
        self.set_trait("status", view.status.value)

    def _say_beside(self, view: View) -> None:
        """Say beside the widget what can be done without it, should it not appear for a while."""
        if not place.here().lets_cells_wait:  # the widget appears once all cells have run
            return
        errand = errand_of(view)
        if errand is None or self._has_appeared or self._is_missing:
            self._outputs.not_signed_in(errand, widget_appeared=self._has_appeared)
            return
        say = partial(self._say_if_still_so, view, errand)
        # The context of the cell: what is shown goes to the cell that asked.
        left = max(0.0, self._began + _APPEARS_WITHIN - time.monotonic())
        timer = threading.Timer(left, contextvars.copy_context().run, (say,))
        timer.daemon = True
        timer.start()

    def _say_if_still_so(self, view: View, errand: Errand) -> None:
        with self._showing:  # else another view could come between the look and the word
            if self._view is view:
                self._is_missing = not self._has_appeared
                self._outputs.not_signed_in(errand, widget_appeared=self._has_appeared)

    def _send_view(self) -> None:
        """Send the view to whoever has said hello; nobody else would listen yet."""
        view = self._view
        if view is None or not self._has_appeared:
            return
        if view.probe is not None and not self._bearer_is_sent:
            self._bearer_is_sent = True
            self.send({"type": "bearer", "script": static_files.script("bearer")})
        self.send({"type": "view", **_content(view)})

    def _send_words(self, language: str) -> None:
        """Send what the page needs to say all in the browser's language, before it is told more."""
        script = static_files.words(language)
        if script is not None:
            self.send({"type": "words", "script": script})

    def _take_message(self, _: object, content: dict[str, Any], buffers: list[Any]) -> None:
        identifier = content.get("id")
        self.send({"type": "ack", "id": identifier})
        if identifier in self._known_messages:  # the browser sends again what is not acknowledged
            return
        self._known_messages.add(identifier)
        if content.get("type") == "hello":
            with self._showing:
                self._has_appeared = LoginWidget.any_has_appeared = True
                self._bearer_is_sent = False  # in that page
                self._outputs.bring_widget_back()
                self._send_words(b"".join(map(bytes, buffers)).decode("utf-8", "replace"))
                self._send_view()
        event = _event(content.get("type"), buffers)
        if isinstance(event, Delivered):
            event.verdict.add_done_callback(self._send_verdict)
        if event is not None:
            self._report(event)

    def _send_verdict(self, verdict: "Future[str | None]") -> None:
        """Tell the callback page, by way of the browser, what came of the answer it brought."""
        self.send({"type": "verdict", "reason": verdict.result()})


def _content(view: View) -> dict[str, Any]:
    """Return ``view`` as it travels: with the time left now, since no two clocks agree."""
    content = {**vars(view), "status": view.status.value}
    content |= {"scope": list(view.scope), "remarks": list(view.remarks)}
    del content["comes_back"]  # whoever reads the page sees
    if view.registration is not None:
        content["registration"] = vars(view.registration)
    deadline = content.pop("deadline")
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    return {**content, "seconds_left": left}


def _event(kind: object, buffers: list[Any]) -> Event | None:
    texts = [bytes(buffer).decode("utf-8", "replace") for buffer in buffers]
    match kind, texts:
        case "answer", [text, *_]:
            return RawAnswer(text, pasted=True)
        case "redirect", [address]:
            return Delivered(RawAnswer(address))
        case "page", [callback, reaches_kernel]:
            return Page(callback or None, bool(reaches_kernel))
        case "credentials", [username, password]:
            return Credentials(username, password)
        case "registration", [client_id, client_secret, keep]:
            return TypedClient(client_id, client_secret, keep=bool(keep))
    return _SIMPLE_EVENTS.get(kind)
