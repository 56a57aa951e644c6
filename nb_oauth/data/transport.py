"""One request over aiohttp: sent as requests would send it, and answered as it would answer."""

import asyncio
import functools
import io
import ssl
import warnings
from collections.abc import Iterable
from datetime import timedelta
from http.client import HTTPMessage
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import certifi
import requests
from aiohttp import ClientTimeout
from multidict import CIMultiDict
from requests.cookies import extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers, select_proxy
from urllib3.exceptions import InsecureRequestWarning
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import create_urllib3_context
from yarl import URL

from nb_oauth.data.stand_ins import Outgoing
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.masking import excerpt

if TYPE_CHECKING:
    from typing_extensions import Self

_take_cookies: Any = extract_cookies_to_jar
_LONGEST_LINE = 65_536  # bytes; as in Python's own http.client, which requests is built on
_ALL_BY_REQUESTS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class How:
    """All about sending a request but its address: made once for many."""

    def __init__(self, outgoing: Outgoing) -> None:
        request = outgoing.request
        self.method = str(request.method)
        self.headers = CIMultiDict((name, _text(value)) for name, value in request.headers.items())
        self.body = _whole(request.body)
        self.timeout = _timeout(outgoing.timeout)
        self.proxy = _proxy(outgoing)
        is_https = str(request.url).lower().startswith("https:")
        self.tls = _tls(outgoing) if is_https else True


class Transport:
    """Connections to any hosts, in one event loop; an asynchronous context manager."""

    async def __aenter__(self) -> "Self":
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # as many as there are requests under way
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_ALL_BY_REQUESTS,
            timeout=ClientTimeout(),
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def send(self, outgoing: Outgoing) -> requests.Response:
        """Send a request, and return the answer to it, whatever that says.

        Raises:
            ConfigurationError: aiohttp cannot send it.
            requests.RequestException: no answer came.
        """
        return await self.send_as(How(outgoing), outgoing.request)

    async def send_as(self, how: How, request: requests.PreparedRequest) -> requests.Response:
        """Send ``request`` as :meth:`send` does, of which all but the address is in ``how``."""
        began = perf_counter()
        try:
            async with self._http.request(
                how.method,
                URL(str(request.url), encoded=True),
                headers=how.headers,
                data=how.body,
                allow_redirects=False,
                timeout=how.timeout,
                ssl=how.tls,
                proxy=how.proxy,
            ) as answer:
                content = await answer.read()
        except _FAILURES as error:
            raise _in_terms_of_requests(error, request) from None
        response = _answer(request, answer, content)
        response.elapsed = timedelta(seconds=perf_counter() - began)
        return response


# -- what goes out -----------------------------------------------------------------------------


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _whole(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    raise ConfigurationError(
        "data.fetch sends a body that is text, bytes or JSON: give that, or use session.post(…) "
        "for one that is read from a file."
    )


def _timeout(timeout: Any) -> ClientTimeout:
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    return ClientTimeout(total=None, sock_connect=connect, sock_read=read)


def _proxy(outgoing: Outgoing) -> str | None:
    """Return the proxy to ask, with user and password in its address; aiohttp sends them."""
    proxy = select_proxy(str(outgoing.request.url), outgoing.proxies)
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    scheme = proxy.partition(":")[0].lower()
    if scheme not in {"http", "https"}:
        raise ConfigurationError(
            f"data.fetch cannot ask a proxy by {scheme}, only by http. Use session.get(…), or name "
            "another one in session.proxies."
        )
    return proxy


def _tls(outgoing: Outgoing) -> ssl.SSLContext:
    verify, cert = outgoing.verify, outgoing.cert
    if not verify:
        warnings.warn(
            "Nobody looks whom the server's certificate is from (verify=False): anybody on the way "
            "can read along.",
            InsecureRequestWarning,
            stacklevel=2,
        )
    authorities = certifi.where() if verify is True else verify or None
    return _context(authorities, cert if isinstance(cert, tuple) or not cert else (cert,))


@functools.lru_cache(maxsize=16)
def _context(authorities: str | None, cert: tuple[str, ...] | None) -> ssl.SSLContext:
    """Return what TLS is done by, as urllib3 has it for requests. To read all takes 20 ms."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if authorities else ssl.CERT_NONE)
    if authorities and Path(authorities).is_dir():
        context.load_verify_locations(capath=authorities)
    elif authorities:
        context.load_verify_locations(cafile=authorities)
    if cert:
        context.load_cert_chain(*cert)
    return context


# -- what comes back ---------------------------------------------------------------------------


def _answer(
    request: requests.PreparedRequest, answer: aiohttp.ClientResponse, content: bytes
) -> requests.Response:
    """Return an answer as requests' own adapter makes it, with its body read."""
    response = requests.Response()
    response.status_code, response.reason = answer.status, answer.reason or ""
    response.headers = _headers(answer.raw_headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.url, response.request = str(request.url), request
    if "Content-Encoding" in response.headers:
        response.raw = HTTPResponse(
            io.BytesIO(content), response.headers, preload_content=False, decode_content=False
        )
        _ = response.content  # decoded, and read for good
    else:
        vars(response).update(_content=content, _content_consumed=True)  # as if read from it
    if "Set-Cookie" in response.headers:
        response.raw = response.raw or HTTPResponse(io.BytesIO())
        response.raw._original_response = _Original(answer.raw_headers)  # noqa: SLF001 - where requests looks for cookies
        _take_cookies(response.cookies, request, response.raw)
    return response


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> CaseInsensitiveDict[str]:
    """Return the headers of an answer; one that came several times is joined (RFC 9110 §5.3)."""
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name, value in raw:
        known, text = name.decode("latin-1"), value.decode("latin-1")
        headers[known] = f"{headers[known]}, {text}" if known in headers else text
    return headers


class _Original:
    """The answer where requests looks for cookies: each in a header of its own."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.msg = HTTPMessage()
        for name, value in raw:
            self.msg[name.decode("latin-1")] = value.decode("latin-1")

    def isclosed(self) -> bool:
        return True


_FAILURES = (aiohttp.ClientError, OSError, asyncio.TimeoutError)


def _in_terms_of_requests(
    error: Exception, request: requests.PreparedRequest
) -> requests.RequestException:
    """Return what requests would raise where no answer came; it says the host and no more."""
    kind = next(theirs for ours, theirs in _ERRORS if isinstance(error, ours))
    host = urlsplit(str(request.url)).netloc.rpartition("@")[2]
    text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return kind(f"{host}: {excerpt(text) or type(error).__name__}", request=request)


# The first that fits.
_ERRORS: tuple[tuple[type[BaseException], type[requests.RequestException]], ...] = (
    (aiohttp.ConnectionTimeoutError, requests.ConnectTimeout),
    (asyncio.TimeoutError, requests.ReadTimeout),
    (aiohttp.ClientProxyConnectionError, requests.exceptions.ProxyError),
    (aiohttp.ClientHttpProxyError, requests.exceptions.ProxyError),
    (aiohttp.ClientSSLError, requests.exceptions.SSLError),
    (ssl.SSLError, requests.exceptions.SSLError),
    (aiohttp.InvalidURL, requests.exceptions.InvalidURL),
    (aiohttp.ClientPayloadError, requests.exceptions.ChunkedEncodingError),
    (BaseException, requests.ConnectionError),
)
