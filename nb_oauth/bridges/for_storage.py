"""For pandas and for fsspec's http file system."""

from typing import Any

from nb_oauth.session import OAuth2Session


class _Hidden(str):
    """A text that is not shown with the options it is in."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'•••'"


def storage_options(session: OAuth2Session, *, fsspec: bool = False) -> dict[str, Any]:
    """Return ``storage_options=`` for ``pandas.read_csv("https://…")`` and its like.

    They hold the token as it is now, renewed first if its end is near: make them for each call.

    Args:
        session: a session that is signed in.
        fsspec: whether fsspec reads the address, as for ``"simplecache::https://…"`` or in
            ``fsspec.open("https://…", **storage_options(session, fsspec=True))``. pandas reads
            ``"https://…"`` by itself.

    Raises:
        LoginRequired: nobody is signed in, or the provider renews the token no longer.
        TokenError: the token endpoint refused, or could not be reached.
    """
    headers = {"Authorization": _Hidden(f"Bearer {session.fresh_access_token()}")}
    return {"headers": headers} if fsspec else dict(headers)
