"""What is raised where one of many requests failed: which one it was, and no secret of it."""

import re
from urllib.parse import urlsplit

import requests

from nb_oauth.data.politeness import Outcome
from nb_oauth.exceptions import LoginError, TokenError
from nb_oauth.masking import MASK, mask

# What signs an address or stands for a person in one, beside what mask() knows by name.
_SIGNED = re.compile(
    r"((?:^|[?&])(?:[\w.-]*(?:signature|credential)|sig|key|auth|session)=)([^&#]+)", re.IGNORECASE
)


def ends_all(outcome: Outcome) -> bool:
    """Tell whether no further request can be sent: nobody is signed in any more."""
    return isinstance(outcome, LoginError | TokenError)


def has_failed(outcome: Outcome) -> bool:
    """Tell whether there was no answer, or one with a status of 400 or more."""
    return isinstance(outcome, Exception) or not outcome.ok


def failure_of(outcome: Outcome, url: str) -> Exception:
    """Return what to raise for a request that failed.

    Args:
        outcome: what came of it.
        url: where it went.
    """
    if isinstance(outcome, requests.Response):
        return _http_error(outcome)
    if isinstance(outcome, requests.RequestException) and not ends_all(outcome):
        outcome.args = (f"{outcome} ({shown(url)})",)
    return outcome


def _http_error(answer: requests.Response) -> requests.HTTPError:
    try:
        answer.raise_for_status()
    except requests.HTTPError as error:
        said = str(error).partition(" for url: ")[0]
        return requests.HTTPError(f"{said} for url: {shown(answer.url)}", response=answer)
    raise AssertionError(answer)  # pragma: no cover - has_failed() says that it has


def shown(url: str) -> str:
    """Return ``url`` as it may be shown: without user, password and what is secret in its query."""
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return _SIGNED.sub(rf"\1{MASK}", mask(bare))


def secrets_in(url: str) -> list[str]:
    """Return what signs ``url``, or stands for a person in it, under whatever name."""
    return [found[2] for found in _SIGNED.finditer(urlsplit(url).query)]
