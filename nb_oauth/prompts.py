"""What a grant may ask a person, and what an answer is.

A grant yields a prompt and is sent the answer. The prompt carries the rule by which a raw answer
is accepted, so that whoever shows it needs to know nothing of OAuth.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

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
