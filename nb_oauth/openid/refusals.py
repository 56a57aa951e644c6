"""How a check says what is wrong, and how that reaches the person."""

import contextlib
from collections.abc import Iterator

from nb_oauth.exceptions import TokenError


class Refusal(Exception):  # noqa: N818 - a verdict, which refused() makes an error of
    """A check failed. The message says which, and ends a sentence; it holds no token."""


@contextlib.contextmanager
def refused(what: str, error: str) -> Iterator[None]:
    """Turn a refusal inside into the error that people see.

    Args:
        what: what is checked, such as ``"ID token"``.
        error: the error's code, such as ``"invalid_id_token"``.

    Raises:
        TokenError: a check inside said no.
    """
    try:
        yield
    except Refusal as refusal:
        said = f"The provider's {what} was refused: {refusal}"
        raise TokenError(said, error=error) from None
