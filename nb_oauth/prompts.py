"""What a grant may ask a person, and what an answer is.

A grant yields a prompt and is sent the answer. The prompt carries the rule by which a raw answer
is accepted, so that whoever shows it needs to know nothing of OAuth.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class RawAnswer:
    """What came back, before anyone has looked at it.

    Args:
        text: what was typed, or the address the browser was sent to.
        pasted: whether a person put it in by hand.
    """

    text: str = field(repr=False)
    pasted: bool = False


@dataclass(frozen=True)
class Delivered:
    """What the browser brought by itself, and who wants to know what it came to.

    Args:
        answer: the address that the browser was sent to.
        verdict: of why it is no answer, or of None if it is one.
    """

    answer: RawAnswer
    verdict: "Future[str | None]" = field(default_factory=Future, repr=False, compare=False)


@dataclass(frozen=True)
class Page:
    """What the page that a person sits before can do to bring an answer back.

    Args:
        callback: the callback page of its Jupyter server; None where there is none, or no need.
        reaches_kernel: whether its browser reaches a listener on the kernel's machine.
    """

    callback: str | None = None
    reaches_kernel: bool = False


@dataclass(frozen=True)
class Credentials:
    """A name and a password, as typed.

    Args:
        username: whose.
        password: it is passed on once, and kept nowhere.
    """

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True)
class TypedClient:
    """What somebody typed of the app that they registered.

    Args:
        client_id: the identifier that the provider gave it.
        client_secret: the secret that it gave; empty without one.
        keep: whether both are to be kept for next time.
    """

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    keep: bool = False


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A raw answer that was accepted, as the grant wants it.

    Args:
        value: what it says.
        remark: what to tell the person about it where that is no good news.
    """

    value: T = field(repr=False)
    remark: str | None = None


@dataclass(frozen=True)
class Rejection:
    """Why a raw answer was not accepted, in words that say what to do next."""

    reason: str


@dataclass(frozen=True)
class OpenPage(Generic[T]):
    """Asks a person to open a page in the browser and bring back the address it ends on.

    Args:
        url: the page, for a link.
        accept: turns a raw answer into an accepted one, or says why it is none.
        rejection: what was wrong with the answer to the prompt before this one.
    """

    url: str = field(repr=False)
    accept: Callable[[RawAnswer], Answer[T] | Rejection] = field(repr=False)
    rejection: Rejection | None = None


@dataclass(frozen=True)
class ShowCode:
    """Shows a code for the person to enter on a page, on whatever device they like.

    The answer comes after a while, by itself: whether the code is still good.

    Args:
        code: what to enter.
        url: the page to enter it on.
        complete_url: the page with the code in its address, for a QR code; None without one.
        deadline: when the code is good no more, on the clock of ``time.monotonic()``.
        pause: seconds until the answer.
    """

    code: str = field(repr=False)
    url: str
    complete_url: str | None = field(repr=False)
    deadline: float
    pause: float


@dataclass(frozen=True)
class AskPassword(Generic[T]):
    """Asks a person for a name and a password.

    Args:
        accept: turns what was typed into an accepted answer, or says why it is none.
        rejection: what was wrong with the answer to the prompt before this one.
    """

    accept: Callable[[Credentials], Answer[T] | Rejection] = field(repr=False)
    rejection: Rejection | None = None


@dataclass(frozen=True)
class AskClient(Generic[T]):
    """Asks a person to register an app, and for the ID and the secret that it is given.

    Args:
        page: the provider's page to register it on; None where it is not known.
        redirect_uri: what to register as its redirect URI; None where none is needed.
        needs_secret: whether an app without a secret is of no use there.
        goes_to: the host that ID and secret are sent to.
        kept_in: the file that they can be kept in.
        accept: turns what was typed into an accepted answer, or says why it is none.
    """

    page: str | None
    redirect_uri: str | None
    needs_secret: bool
    goes_to: str
    kept_in: str
    accept: Callable[[TypedClient], Answer[T] | Rejection] = field(repr=False)


@dataclass(frozen=True)
class AskPage:
    """Asks the person's page, and not the person, what it can do: the answer is a ``Page``.

    Args:
        deadline: from when on the answer is None, on the clock of ``time.monotonic()``: perhaps
            there is no page.
    """

    deadline: float


@dataclass(frozen=True)
class Pause:
    """Says why nothing goes on until the person begins anew. There is no answer.

    Args:
        rejection: why.
    """

    rejection: Rejection


Prompt = OpenPage[Any] | ShowCode | AskPassword[Any] | AskClient[Any] | AskPage | Pause
"""What a grant may yield, or what is asked before there is one."""
