"""The password grant, requests-oauthlib's Legacy Application Flow (RFC 6749 §4.3)."""

from collections.abc import Mapping
from typing import ClassVar

from nb_oauth.exceptions import TokenError
from nb_oauth.grants.contract import Flow, GrantSession
from nb_oauth.grants.extra import checked_token_extra
from nb_oauth.grants.refusals import is_beyond_repair
from nb_oauth.prompts import Answer, AskPassword, Credentials, Rejection
from nb_oauth.providers import Provider
from nb_oauth.tokens import Token


class PasswordGrant:
    """Earns a token with the person's own name and password.

    They go to the token endpoint once, and nothing here keeps them: no variable of a flow that
    waits refers to an answer.

    Args:
        provider: whose name and password they are.
        extra: further parameters of the token request, such as ``{"realm": "…"}``.

    Raises:
        ConfigurationError: ``extra`` names a parameter that the session sends itself, or the
            provider has no token endpoint.
    """

    name: ClassVar[str] = "password"
    asks_a_person: ClassVar[bool] = True
    sends_back: ClassVar[bool] = False
    advice: ClassVar[str] = (
        "RFC 9700 says not to use the password grant, which shows your password to this program: "
        "use AuthorizationCodeLogin or DeviceLogin where the provider has them."
    )

    def __init__(self, provider: Provider, extra: Mapping[str, str] | None = None) -> None:
        self.token_extra: Mapping[str, str] = checked_token_extra(extra)
        self._token_endpoint = provider.require("token_endpoint")

    def flow(self, session: GrantSession) -> Flow:
        """Ask for name and password until they are worth a token (RFC 6749 §4.3.2).

        Raises:
            TokenError: the token endpoint refuses for a reason that no other password mends.
        """
        rejection = None
        while True:
            outcome = self._exchange(session, (yield AskPassword(_complete, rejection)))
            if not isinstance(outcome, Rejection):
                return outcome
            rejection = outcome

    def _exchange(self, session: GrantSession, answer: Answer[Credentials]) -> Token | Rejection:
        username, password = answer.value.username, answer.value.password
        try:
            return session.fetch_token(self._token_endpoint, username=username, password=password)
        except TokenError as error:
            if is_beyond_repair(error):
                raise
            return Rejection(_words(error))


def _complete(typed: Credentials) -> Answer[Credentials] | Rejection:
    if typed.username and typed.password:
        return Answer(typed)
    return Rejection("Type both your name and your password.")


def _words(error: TokenError) -> str:
    if error.error == "invalid_grant":
        described = f" ({error.error_description})" if error.error_description else ""
        return (
            f"Wrong name or password. The provider said {error.error}{described}. Check the name "
            "and the password, and type the password again."
        )
    return f"{error} Type the password again to try once more."
