"""What an output says where no widget appears: plain HTML without a script, and plain text.

Everything in it is escaped, since much of it comes from a provider. What a person brings back is
caught by a listener, asked for by the device code, or typed into the box that the front end draws
below the output (`cell_input`).
"""

import html
from dataclasses import dataclass, field

from nb_oauth.surfaces.contract import Status, View
from nb_oauth.surfaces.questions import registration_lines
from nb_oauth.transport import is_secure

_PICTURE = "data:image/svg+xml"
_WRAPPED = "overflow-wrap: anywhere"  # a long address
_CLOSE = "You can close that page when it says so."
_NOT_LOADING = (
    "If it will not load in the end, this notebook runs on another machine than your browser: "
    'interrupt the cell, and sign in with grant="device_code" where the provider has it, or with a '
    "redirect_uri of another place, to paste the address here."
)
_PASTE = "Copy the address of the page that you end on into the box below."
_TYPE = "Type your name and your password into the box below, one after the other."
_ONE_BY_ONE = "Use the box below: for the ID, the secret, and whether to keep them."
_RUN_AGAIN = "Press Enter in the box below to begin anew, or run the cell again."


@dataclass(frozen=True)
class Errand:
    """What a person can do without a widget.

    Args:
        link: the page to open, if there is one.
        code: what to enter there (RFC 8628 §3.3).
        qr: a picture of the link for a phone, as a ``data:image/svg+xml`` URI.
        then: what to do after that, or instead.
        error: what was wrong with the last answer.
    """

    link: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    qr: str | None = field(default=None, repr=False)
    then: tuple[str, ...] = ()
    error: str | None = None


def errand_of(view: View) -> Errand | None:
    """Return what a person can do about ``view`` without a widget, None if that is nothing."""
    if view.status is not Status.WAITING:
        return None
    return Errand(view.link, view.code, view.qr, _then(view), view.error)


def as_text(errand: Errand, provider_name: str) -> str:
    """Return what to do as one line of plain text."""
    return " ".join((*_trouble(errand), *_opening(errand, provider_name), *errand.then))


def as_html(errand: Errand, provider_name: str) -> str:
    """Return what to do as HTML that does the same wherever it is opened: nothing by itself."""
    trouble = [html.escape(line) for line in _trouble(errand)]
    then = [html.escape(line) for line in errand.then]
    opening = _opening_markup(errand, provider_name)
    return "".join(f'<p style="{_WRAPPED}">{line}</p>' for line in (*trouble, *opening, *then))


def _then(view: View) -> tuple[str, ...]:
    if view.code is not None:
        return ()
    if view.registration is not None:
        return (*registration_lines(view.registration), _ONE_BY_ONE, view.notice)
    if view.link:
        return (_CLOSE, _NOT_LOADING) if view.comes_back else (_PASTE,)
    return (_TYPE,) if view.credentials else (_RUN_AGAIN,)


def _trouble(errand: Errand) -> list[str]:
    return [errand.error] if errand.error else []


def _opening(errand: Errand, provider_name: str) -> list[str]:
    begin = f"To sign in to {provider_name}"
    if not errand.link:
        return [f"{begin}:"]
    enter = "" if errand.code is None else f" and enter {errand.code}"
    return [f"{begin} open {errand.link}{enter}"]


def _opening_markup(errand: Errand, provider_name: str) -> list[str]:
    begin = html.escape(f"To sign in to {provider_name}")
    if not errand.link:
        return [f"{begin}:"]
    enter = "" if errand.code is None else f" and enter <strong>{html.escape(errand.code)}</strong>"
    return [f"{begin} open {_anchor(errand)}{enter}", *_picture(errand)]


def _anchor(errand: Errand) -> str:
    link = html.escape(str(errand.link))
    if not is_secure(str(errand.link)):
        return link
    shown = "this page" if errand.code is None else link
    return f'<a href="{link}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _picture(errand: Errand) -> list[str]:
    if errand.qr is None or not errand.qr.startswith(_PICTURE):
        return []
    return [f'<img src="{html.escape(errand.qr)}" alt="QR code of that page" width="160">']
