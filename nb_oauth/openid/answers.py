"""Reading what an endpoint answers, up to a length."""

import requests

from nb_oauth.openid.refusals import Refusal

_LONGEST = 1 << 20  # bytes; the longest in use have some ten thousand
_CHUNK = 1 << 14


def body_of(response: requests.Response) -> bytes:
    """Return the body of an answer that was asked for with ``stream=True``.

    Raises:
        Refusal: it is longer than anything sensible.
        RequestException: it broke off.
    """
    body = b""
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > _LONGEST:
            raise Refusal(f"it has more than {_LONGEST} bytes.")
    return body
