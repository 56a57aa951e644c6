"""Where a secret may travel."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from oauthlib.oauth2 import InsecureTransportError as OAuthlibInsecureTransportError
from urllib3.util import parse_url

from nb_oauth import InsecureTransportError, OAuthError
from nb_oauth.transport import as_https, is_loopback, is_secure, require_secure, with_scheme_of

SECURE = [
    "https://api.example/x",
    "HTTPS://API.EXAMPLE",
    "http://localhost:8888/cb",
    "http://LOCALHOST./",
    "http://127.0.0.1/",
    "http://127.3.2.1:1/",
    "http://[::1]:80/",
    "http://user@127.0.0.1/",
]
INSECURE = [
    "http://api.example/",
    "http://localhost.example/",
    "http://127.0.0.1.example/",
    "http://127.0.0.1@api.example/",
    "http://api.example\\@127.0.0.1/",
    "http://api.example\\.localhost/",
    "https://api.example\\@other.example/",
    "http://0.0.0.0/",
    "http://192.168.0.1/",
    "http://[::1/",
    "ftp://localhost/",
    "https:///path",
    "https:api.example",
    "//localhost/",
    "localhost",
    "",
]


@pytest.mark.parametrize("url", SECURE)
def test_https_and_loopback_are_secure(url: str) -> None:
    assert is_secure(url)
    require_secure(url)


@pytest.mark.parametrize("url", INSECURE)
def test_everything_else_is_refused(url: str) -> None:
    assert not is_secure(url)
    with pytest.raises(InsecureTransportError):
        require_secure(url)


@pytest.mark.parametrize("url", [*SECURE, *INSECURE])
def test_what_is_taken_for_loopback_is_where_the_connection_goes(url: str) -> None:
    if is_secure(url) and url.lower().startswith("http:"):
        connected = parse_url(str(requests.Request("GET", url).prepare().url)).host
        assert connected is not None
        assert is_loopback(connected.strip("[]"))


def test_no_host_is_no_loopback() -> None:
    assert not is_loopback(None)


def test_the_refusal_is_oauthlibs_as_well() -> None:
    with pytest.raises(OAuthlibInsecureTransportError) as raised:
        require_secure("http://api.example/")
    error: Any = raised.value
    assert isinstance(error, OAuthError)
    assert error.error == "insecure_transport"


@pytest.mark.parametrize(
    "url",
    [
        "http://ada:s3cret@api.example/path?code=s3cret",
        "http://api.example/path#access_token=s3cret",
        "http://api.example/path?code=s3cret#x",
        "s3cret@api.example/path"[7:] + "?s3cret",
    ],
)
def test_the_refusal_names_the_address_without_secrets(url: str) -> None:
    with pytest.raises(InsecureTransportError, match=r"api\.example/path") as raised:
        require_secure(url)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["/api?a=http://s3cret", "/to/http://x", "api.example/path", "//api.example/", ""]
)
def test_an_address_that_is_not_whole_is_said_to_be_none(url: str) -> None:
    with pytest.raises(InsecureTransportError, match=r"no whole address.*https://host/") as raised:
        require_secure(url)
    assert "s3cret" not in str(raised.value)
    assert "in the open" not in str(raised.value)


def test_loopback_http_is_https_to_oauthlib_and_back() -> None:
    url = "http://127.0.0.1:5/authorize"
    assert as_https(url) == "https://127.0.0.1:5/authorize"
    assert as_https("https://api.example/") == "https://api.example/"
    assert with_scheme_of(url, as_https(url) + "?a=b") == url + "?a=b"


def test_nothing_but_loopback_http_is_made_to_look_like_https() -> None:
    with pytest.raises(InsecureTransportError):
        as_https("http://api.example/")
