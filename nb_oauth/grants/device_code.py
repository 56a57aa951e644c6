"""The device authorization grant (RFC 8628): the person signs in on another device."""

from collections.abc import Mapping
from typing import ClassVar

from nb_oauth.exceptions import TokenError
from nb_oauth.grants.contract import DeviceAuthorization, Flow, GrantSession
from nb_oauth.grants.extra import NOTHING, checked_extra
from nb_oauth.grants.refusals import is_out_of_order
from nb_oauth.prompts import Pause, Rejection, ShowCode
from nb_oauth.providers import Provider
from nb_oauth.tokens import Token

_SLOWER = 5.0  # seconds; RFC 8628 §3.5
_LONGEST_INTERVAL = 60.0  # seconds between two tries at an endpoint that is out of order
_ENDINGS = {  # RFC 8628 §3.5, and what providers say of a code that they know no more
    "access_denied": "Access was not granted. Get a new code to try again, or cancel.",
    "authorization_declined": "Access was not granted. Get a new code to try again, or cancel.",
    "bad_verification_code": "The provider knows this code no more. Get a new one.",  # Entra
    "expired_token": "The code ran out before anybody entered it. Get a new one.",
    "incorrect_device_code": "The provider knows this code no more. Get a new one.",  # GitHub
    "invalid_grant": "The provider knows this code no more. Get a new one.",
}


class DeviceCodeGrant:
    """Earns a token with a code that the person enters on a page, on whatever device they like.

    Nothing has to come back to this machine: the token endpoint is asked until it says yes.

    Args:
        provider: where to sign in.
        extra: further parameters of the device authorization request.

    Raises:
        ConfigurationError: ``extra`` names a parameter that the session sends itself, or the
            provider lacks an endpoint that this grant needs.
    """

    name: ClassVar[str] = "device_code"
    asks_a_person: ClassVar[bool] = True
    sends_back: ClassVar[bool] = False
    token_extra: Mapping[str, str] = NOTHING
    advice: ClassVar[str] = ""

    def __init__(self, provider: Provider, extra: Mapping[str, str] | None = None) -> None:
        self.extra = checked_extra(extra)
        self._device_authorization_endpoint = provider.require("device_authorization_endpoint")
        self._token_endpoint = provider.require("token_endpoint")

    def flow(self, session: GrantSession) -> Flow:
        """Show a code, and ask for the token until there is one (RFC 8628 §3.4).

        Raises:
            TokenError: an endpoint refuses for a reason that no new code mends.
        """
        asked = session.device_authorization(self._device_authorization_endpoint, self.extra)
        interval, rejection = asked.interval, Rejection(_ENDINGS["expired_token"])
        while (yield _show(asked, interval)).value:
            outcome = self._ask(session, asked, interval)
            if isinstance(outcome, float):
                interval = outcome
            elif isinstance(outcome, Rejection):
                rejection = outcome
                break
            else:
                return outcome
        yield Pause(rejection)
        raise AssertionError("nothing answers a pause")  # pragma: no cover - see prompts.Pause

    def _ask(
        self, session: GrantSession, asked: DeviceAuthorization, interval: float
    ) -> Token | Rejection | float:
        """Return the token, why there will be none, or the seconds to wait before the next try."""
        try:
            return session.fetch_token(self._token_endpoint, device_code=asked.device_code)
        except TokenError as error:
            if error.error in _ENDINGS:
                return Rejection(_ENDINGS[str(error.error)])
            return _next_interval(error, interval)


def _show(asked: DeviceAuthorization, interval: float) -> ShowCode:
    return ShowCode(
        code=asked.user_code,
        url=asked.verification_uri,
        complete_url=asked.verification_uri_complete,
        deadline=asked.deadline,
        pause=interval,
    )


def _next_interval(error: TokenError, interval: float) -> float:
    """Return how long to wait after ``error`` (RFC 8628 §3.5); raise it where that is no use."""
    if error.error == "authorization_pending":
        return interval
    if error.error == "slow_down":
        return interval + _SLOWER
    if is_out_of_order(error):
        return min(interval * 2, _LONGEST_INTERVAL)
    raise error
