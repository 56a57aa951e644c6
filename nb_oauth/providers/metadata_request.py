"""Asking for a metadata document (RFC 8414 §3.1), and what can come instead."""

import json
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from nb_oauth.exceptions import OAuthError
from nb_oauth.masking import excerpt
from nb_oauth.transport import DirectLoopback, out_of_reach

_TIMEOUT = (10.0, 30.0)  # seconds to connect, and that the server may be silent
_LARGEST = 1 << 20  # bytes; the longest in use have 20,000
_REDIRECTS = 5
_OK = 200
_OUT_OF_ORDER = 500  # HTTP statuses from here on

INSTEAD = (
    "Or give Provider(name, authorization_endpoint=…, token_endpoint=…) as the provider's "
    "documentation states them."
)
"""What else to do where a provider publishes nothing that helps."""
_ADVICE = f"Check the address and the network, then try again. {INSTEAD}"

Document = dict[str, Any]


class NoDocumentError(Exception):
    """Something else than a metadata document is there; the message ends a sentence on it.

    Attributes:
        is_out_of_order: whether the server says that it failed, so that it may work later.
    """

    def __init__(self, said: str, *, is_out_of_order: bool = False) -> None:
        super().__init__(said)
        self.is_out_of_order = is_out_of_order


def request_document(address: str) -> Document:
    """Return the JSON object at ``address``, which names an issuer.

    A redirect is followed within the origin (scheme, host and port) only: who may publish there
    may publish the document itself. Any other would let another server speak for the issuer.

    Raises:
        NoDocumentError: there is none.
        OAuthError: no answer came. It is requests' own error as well, such as ``ConnectTimeout``.
    """
    try:
        with _Session() as session, _follow(session, address) as response:
            return _read(response)
    except requests.RequestException as error:
        said = "For its metadata, {host} could not be reached"
        raise out_of_reach(OAuthError, error, address, said, _ADVICE) from None


class _Session(DirectLoopback):
    """Leaves every redirect to us: requests would read all of its page, and judge its address."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find no redirect in ``resp``."""


def _follow(session: requests.Session, address: str) -> requests.Response:
    url = address
    for _ in range(_REDIRECTS):
        response = session.get(
            url,
            headers={"Accept": "application/json"},
            timeout=_TIMEOUT,
            stream=True,
        )
        if not response.is_redirect:
            return response
        response.close()
        url = _redirected(url, response.headers["Location"])
    raise NoDocumentError("sends on again and again")


def _redirected(url: str, location: str) -> str:
    try:
        there = urljoin(url, location)
        origin, other = _origin(url), _origin(there)
    except ValueError:
        raise NoDocumentError("sends on to what is no address") from None
    if other != origin:
        raise NoDocumentError(f"sends on to another server, {excerpt(other)}")
    return there


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _read(response: requests.Response) -> Document:
    if response.status_code != _OK:
        raise NoDocumentError(
            f"answers HTTP {response.status_code}",
            is_out_of_order=response.status_code >= _OUT_OF_ORDER,
        )
    body = b""
    for chunk in response.iter_content(1 << 14):
        body += chunk
        if len(body) > _LARGEST:
            raise NoDocumentError(f"answers with more than {_LARGEST} bytes")
    return _parse(body, response.headers.get("Content-Type", "no content type"))


def _parse(body: bytes, kind: str) -> Document:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise NoDocumentError(f"answers with what is no JSON ({excerpt(kind)})") from None
    if not isinstance(document, dict) or "issuer" not in document:  # RFC 8414 §2: required
        raise NoDocumentError("answers with JSON that names no issuer")
    return document
