"""A provider's signing keys (RFC 7517 §5), which it changes now and then."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from nb_oauth.exceptions import TokenError
from nb_oauth.openid.answers import body_of
from nb_oauth.openid.refusals import Refusal
from nb_oauth.openid.signatures import Key, Signed, fitting, is_signed_with
from nb_oauth.transport import out_of_reach

_LIFETIME = 3600.0
"""Seconds until keys are asked for anew: one that the provider took back is trusted no longer."""
_REST = 60.0
"""Seconds between two requests for the sake of a token that no key fits. Whoever makes up such
tokens makes us ask no more often."""
_OK = 200
_NO_KEYS = (
    "The ID token could not be verified: the provider's signing keys at {host} could not be had"
)
_ADVICE = "Check the network and jwks_uri, then try again."

Ask = Callable[[str], requests.Response]
"""Sends a GET request for that address, with ``stream=True``."""


class SigningKeys:
    """The keys that a provider signs with, as far as known (OpenID Connect Core §10.1.1).

    Args:
        address: the provider's ``jwks_uri``.
        ask: sends the request.
        clock: tells the time in seconds.
    """

    def __init__(self, address: str, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._ask = ask
        self._clock = clock
        self._keys: list[Key] = []
        self._asked_at: float | None = None
        self._asked_again_at: float | None = None
        self._lock = threading.Lock()

    def check(self, signed: Signed) -> None:
        """Check that the provider signed ``signed``.

        A token that no known key fits may be signed with a new one: the keys are asked for once
        more, unless that was done a moment ago.

        Raises:
            Refusal: the provider did not sign it.
            TokenError: its keys could not be had.
        """
        with self._lock:
            asked_now = self._ask_if_old()
            problem = _problem(signed, self._keys)
            if problem and not asked_now and self._may_ask_again():
                self._asked_again_at = self._clock()
                self._ask_now()
                problem = _problem(signed, self._keys)
        if problem:
            raise Refusal(problem)

    def _ask_if_old(self) -> bool:
        fresh = self._asked_at is not None and self._clock() - self._asked_at < _LIFETIME
        if not fresh:
            self._ask_now()
        return not fresh

    def _may_ask_again(self) -> bool:
        return self._asked_again_at is None or self._clock() - self._asked_again_at >= _REST

    def _ask_now(self) -> None:
        try:
            with self._ask(self.address) as response:
                self._keys = _read(response)
        except requests.RequestException as error:
            raise out_of_reach(TokenError, error, self.address, _NO_KEYS, _ADVICE) from None
        self._asked_at = self._clock()


def _problem(signed: Signed, keys: list[Key]) -> str | None:
    """Return what is wrong with the signature; None if nothing is."""
    possible = fitting(signed, keys)
    if not possible:
        return "the provider publishes no key (jwks_uri) that it can be signed with (kid, alg)."
    if not any(is_signed_with(signed, key) for key in possible):
        return "its signature is not the provider's."
    return None


def _read(response: requests.Response) -> list[Key]:
    if response.status_code != _OK:
        raise _no_keys(f"HTTP {response.status_code}", response.status_code)
    try:
        document: Any = json.loads(body_of(response))
        keys = document["keys"]
    except (Refusal, ValueError, KeyError, TypeError, RecursionError):
        keys = None
    if not isinstance(keys, list):
        raise _no_keys("something that is no JSON Web Key Set (RFC 7517 §5)", _OK)
    return [key for key in keys if isinstance(key, dict)]


def _no_keys(what: str, status: int) -> TokenError:
    return TokenError(
        "The ID token could not be verified: the provider's jwks_uri, which should have its "
        f"signing keys, answered with {what}. Check jwks_uri, or try again later.",
        status=status,
    )
