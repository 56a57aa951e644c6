"""What the provider has issued and still honours: codes, device codes, access and refresh tokens.

Everything that comes from one approval hangs on it. Revoke the approval and its codes, its
tokens and whatever they were renewed into are worthless at once; that is how the reuse of a code
(RFC 6749 §4.1.2) or of a refresh token (RFC 9700 §4.14.2) is answered.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CODE_LIFETIME",
    "AccessToken",
    "Approval",
    "Code",
    "DeviceCode",
    "Ledger",
    "RefreshToken",
]

CODE_LIFETIME = 60
"""For how many seconds an authorization code can be exchanged."""

_REMEMBERED = 3600


@dataclass
class Approval:
    """What was approved, by whom and for which client.

    Attributes:
        client_id: the client it was approved for.
        username: who approved it; None where a client acts for itself (RFC 6749 §4.4).
        token_lifetime: for how many seconds each access token lasts.
        auth_time: when that person signed in on our pages, in seconds since the epoch; None
            where nobody did, and so no ID token can say who it was.
        revoked: whether everything that came from it has ended.
    """

    client_id: str
    username: str | None
    token_lifetime: int
    auth_time: float | None = None
    revoked: bool = False


@dataclass
class Code:
    """An authorization code, and the request it is bound to."""

    approval: Approval
    scopes: list[str]
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    expires_at: float
    used: bool = False


@dataclass
class DeviceCode:
    """A device code, and what became of it (RFC 8628 §3.2).

    Attributes:
        client_id: who asked for it.
        scopes: what for.
        user_code: what a person types or confirms, as it is shown.
        code_challenge: the client's, where it sent one (RFC 7636).
        nonce: goes into the ID token.
        token_lifetime: for how many seconds each access token is to last.
        expires_at: until when it is good.
        interval: how many seconds the client leaves between two polls.
        approval: made when somebody allowed it.
        denied: whether somebody denied it.
        used: whether a token was issued for it.
        polls: how often the client has asked.
        polled_at: when it last did.
    """

    client_id: str
    scopes: list[str]
    user_code: str = field(repr=False)
    code_challenge: str | None
    nonce: str | None
    token_lifetime: int
    expires_at: float
    interval: float
    approval: Approval | None = None
    denied: bool = False
    used: bool = False
    polls: int = 0
    polled_at: float | None = None

    @property
    def is_decided(self) -> bool:
        """Whether somebody has allowed or denied it."""
        return self.denied or self.approval is not None


@dataclass(frozen=True)
class AccessToken:
    """An access token as the API sees it."""

    approval: Approval
    scopes: list[str]
    expires_at: float


@dataclass
class RefreshToken:
    """A refresh token; ``used`` once it was rotated."""

    approval: Approval
    scopes: list[str]
    used: bool = False


@dataclass
class Ledger:
    """Keeps what was issued, in memory.

    Args:
        clock: returns seconds; a test passes its own.

    Attributes:
        lock: held by whoever looks and then writes, so that of two requests with the same
            refresh token one is the first.
    """

    clock: Callable[[], float] = time.time
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _codes: dict[str, Code] = field(default_factory=dict, repr=False)
    _device_codes: dict[str, DeviceCode] = field(default_factory=dict, repr=False)
    _access: dict[str, AccessToken] = field(default_factory=dict, repr=False)
    _refresh: dict[str, RefreshToken] = field(default_factory=dict, repr=False)

    def add_code(self, value: str, code: Code) -> None:
        """Keep a code that was just issued."""
        with self.lock:
            self._forget_the_past()
            self._codes[value] = code

    def add_device_code(self, value: str, code: DeviceCode) -> None:
        """Keep a device code that was just issued."""
        with self.lock:
            self._forget_the_past()
            self._device_codes[value] = code

    def add_access_token(self, value: str, token: AccessToken) -> None:
        """Keep an access token that was just issued."""
        with self.lock:
            self._forget_the_past()
            self._access[value] = token

    def add_refresh_token(self, value: str, token: RefreshToken) -> None:
        """Keep a refresh token that was just issued."""
        with self.lock:
            self._refresh[value] = token

    def code(self, value: str) -> Code | None:
        """The code with that value, spent or not; None where there never was one."""
        with self.lock:
            return self._codes.get(value)

    def device_code(self, value: str) -> DeviceCode | None:
        """The device code with that value, whatever became of it."""
        with self.lock:
            return self._device_codes.get(value)

    def device_code_shown_as(self, user_code: str) -> DeviceCode | None:
        """The device code whose user code that is, whatever became of it."""
        with self.lock:
            found = (c for c in self._device_codes.values() if c.user_code == user_code)
            return next(found, None)

    def access_token(self, value: str) -> AccessToken | None:
        """The access token with that value, live or not."""
        with self.lock:
            return self._access.get(value)

    def refresh_token(self, value: str) -> RefreshToken | None:
        """The refresh token with that value, used or not."""
        with self.lock:
            return self._refresh.get(value)

    def spend_code(self, value: str) -> None:
        """Remember that a code was exchanged."""
        with self.lock:
            self._codes[value].used = True

    def spend_refresh_token(self, value: str) -> RefreshToken:
        """Remember that a refresh token was rotated, and return it."""
        with self.lock:
            self._refresh[value].used = True
            return self._refresh[value]

    def drop_access_token(self, value: str) -> None:
        """End one access token alone (RFC 7009 §2.1)."""
        with self.lock:
            self._access.pop(value, None)

    def is_live(self, token: AccessToken) -> bool:
        """Whether the API accepts the token now."""
        return not token.approval.revoked and self.clock() < token.expires_at

    def _forget_the_past(self) -> None:
        """Drop what ended so long ago that nobody asks; the recent past explains errors."""
        past = self.clock() - _REMEMBERED
        self._codes = {k: v for k, v in self._codes.items() if v.expires_at > past}
        self._device_codes = {k: v for k, v in self._device_codes.items() if v.expires_at > past}
        self._access = {k: v for k, v in self._access.items() if v.expires_at > past}
        self._refresh = {k: v for k, v in self._refresh.items() if not v.approval.revoked}
