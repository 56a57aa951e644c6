"""What is shown to a person, and what a person can do about it."""

import enum
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol

from nb_oauth.prompts import Credentials, Delivered, Page, RawAnswer, TypedClient


class Status(str, enum.Enum):
    """How far a sign-in has come."""

    PREPARING = "preparing"
    WAITING = "waiting"
    WORKING = "working"
    SIGNED_IN = "signed_in"
    CANCELLED = "cancelled"
    FAILED = "failed"
    SIGNED_OUT = "signed_out"


UNDER_WAY = frozenset({Status.PREPARING, Status.WAITING, Status.WORKING})


@dataclass(frozen=True)
class Registration:
    """What to say and to ask of an app that is to be registered.

    Args:
        page: the provider's page for it; None where it is not known.
        redirect_uri: what to register there; None where nothing need be.
        needs_secret: whether a secret must be typed as well.
        kept_in: the file that the answer can be kept in.
    """

    page: str | None
    redirect_uri: str | None
    needs_secret: bool
    kept_in: str


@dataclass(frozen=True)
class View:
    """Everything there is to show at one moment: all of it text, none of it HTML.

    Args:
        status: how far the sign-in has come.
        heading: what this is about.
        scope: what is asked for.
        link: the page to open; None where there is none now.
        notice: what to know beside the callback box.
        progress: what is happening now.
        error: what was wrong with the last answer, or why the sign-in failed.
        box: whether there is something to paste.
        remarks: what to know about this way of signing in, a line each.
        code: what to enter on the page at ``link`` (RFC 8628 §3.3).
        address: the page at ``link`` as one types it elsewhere, without the code in it.
        qr: a picture of the link for a phone, as a ``data:image/svg+xml`` URI.
        deadline: until when ``code`` is good, in seconds of ``time.monotonic()``.
        credentials: whether a name and a password are asked for.
        registration: what to ask of an app that is to be registered first.
        can_renew: whether somebody who has signed in can have the token renewed.
        comes_back: whether the browser brings what is asked for by itself.
        probe: an address by which the person's page is to find out whether it reaches this
            machine, or an empty one; None where the page takes no part in bringing the answer.
    """

    status: Status
    heading: str
    scope: tuple[str, ...] = ()
    link: str | None = field(default=None, repr=False)
    notice: str = ""
    progress: str = ""
    error: str | None = None
    box: bool = False
    remarks: tuple[str, ...] = ()
    code: str | None = field(default=None, repr=False)
    address: str | None = None
    qr: str | None = field(default=None, repr=False)
    deadline: float | None = None
    credentials: bool = False
    registration: Registration | None = None
    can_renew: bool = False
    comes_back: bool = False
    probe: str | None = None


def wants_typing(view: View) -> bool:
    """Tell whether there is something to type, if only Enter: else only time goes by."""
    waits = view.status is Status.WAITING
    return waits and (view.box or view.credentials or not view.link)


@dataclass(frozen=True)
class Cancelled:
    """The person wants to stop."""


@dataclass(frozen=True)
class NewLinkWanted:
    """The person wants to begin again."""


@dataclass(frozen=True)
class Appeared:
    """A person sees the surface now."""


@dataclass(frozen=True)
class RenewWanted:
    """The person wants the token renewed now."""


@dataclass(frozen=True)
class SignOutWanted:
    """The person wants to sign out."""


OfSignIn = RawAnswer | Delivered | Page | Credentials | TypedClient | Cancelled | NewLinkWanted
"""What a surface can report of the sign-in that it shows."""

Event = OfSignIn | Appeared | RenewWanted | SignOutWanted
"""What a surface can report."""


class Companion(Protocol):
    """Asks beside the widget while somebody waits: where a cell or a program stands still."""

    def __enter__(self) -> object:
        """Begin to ask."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Ask no more; ``kind`` says what ended the wait."""
        ...

    def show(self, view: View) -> None:
        """Show ``view`` in place of the one before. Returns at once, from any thread."""
        ...


class Surface(Protocol):
    """Shows a view. Called from the thread of an attempt."""

    def observers_later(self) -> AbstractContextManager[None]:
        """While entered, nobody who watches the surface is told; all are on leaving."""
        ...

    def show(self, view: View) -> None:
        """Show ``view`` in place of the one before."""
        ...
