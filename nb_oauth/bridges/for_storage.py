"""For pandas and for fsspec's http file system."""

import tempfile
from typing import Any, BinaryIO, cast

from nb_oauth.masking import Hidden
from nb_oauth.session import OAuth2Session

_IN_MEMORY = 64 * 2**20  # bytes
_PIECE = 2**20


def open_url(session: OAuth2Session, url: str, **options: Any) -> BinaryIO:  # noqa: ANN401 - as requests takes them
    """Return what is at ``url`` as a file, for ``pandas.read_parquet(open_url(session, url))``.

    It is read whole: small ones into memory, larger ones into a temporary file that goes when the
    returned one is closed. The token is dropped where a redirect leads to another host.

    Args:
        session: a session that is signed in.
        url: an https address, or http on a loopback address.
        options: as ``session.get`` takes them, such as ``params``.

    Raises:
        LoginRequired: nobody is signed in, or the provider renews the token no longer.
        requests.HTTPError: the answer is none.
    """
    with session.get(url, stream=True, **options) as response:
        response.raise_for_status()
        file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller's
        for piece in response.iter_content(_PIECE):
            file.write(piece)
    file.seek(0)
    return cast("BinaryIO", file)


def storage_options(session: OAuth2Session, *, fsspec: bool = False) -> dict[str, Any]:
    """Return ``storage_options=`` for ``pandas.read_csv("https://…")`` and its like.

    They hold the token as it is now, renewed first if its end is near: make them for each call.
    pandas hands them to urllib, which sends them wherever a redirect leads, to another host as
    well. Where an API redirects its downloads, use :func:`open_url`. Nor is it known here which
    address they are for: the ``allowed_hosts`` of the session do not hold for them.

    Args:
        session: a session that is signed in.
        fsspec: whether fsspec reads the address, as for ``"simplecache::https://…"`` or in
            ``fsspec.open("https://…", **storage_options(session, fsspec=True))``. pandas reads
            ``"https://…"`` by itself.

    Raises:
        LoginRequired: nobody is signed in, or the provider renews the token no longer.
        TokenError: the token endpoint refused, or could not be reached.
    """
    headers = {"Authorization": Hidden(f"Bearer {session.fresh_access_token()}")}
    return {"headers": headers} if fsspec else dict(headers)
