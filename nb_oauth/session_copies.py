"""The part of a session that goes to other processes, and has twins in this one.

A **pickle** (and so whatever ``multiprocessing``, ``concurrent.futures`` or joblib send to a
worker) holds the access token, and nothing that gets another one: no refresh token, no client
secret. Where the session keeps its token in a store that other processes share, the pickle names
the store, and a copy renews there: once for all. Any other copy serves until its token ends.

``copy`` and ``deepcopy`` make **twins**: they have one token, renewed once for all of them.
"""

import contextlib
import copy
import functools
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import requests

from nb_oauth import quirks, tokens, without_secrets
from nb_oauth.exceptions import LoginRequired, TokenError, TokenExpiredError
from nb_oauth.session_refusals import PersistentSession
from nb_oauth.setbacks import Setbacks, setbacks_of
from nb_oauth.tokens import Token

if TYPE_CHECKING:
    from typing_extensions import Self

    from nb_oauth.stores import TokenStore

# A pickle has these, what requests has there, and what __getstate__ makes of what holds secrets.
# Everything else stays at home, or is made anew.
_TRAVELS = (
    "provider",
    "redirect_uri",
    "auto_refresh_url",
    "pickles_secret",
    "strict_scope",
    "_scope",
    "_pkce",
    "_key",
    "_asks_again",
    "_cert_of_fetch",
    "_given_hosts",
)
_UNAUTHORIZED = 401
_requests: Any = requests.Session  # whose stubs leave out how it is pickled


def leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from finding a password for a request, as requests-oauthlib's lambda does.

    This has a name that a pickle can tell.
    """
    return request


class CopiedSession(PersistentSession):
    """The part of a session that is copied and pickled."""

    pickles_secret = False
    """Whether a pickle of this session holds the client's secret or key as well.

    False unless you set it. With it, a copy of a session on a ``FileTokenStore`` renews by itself
    although its app has a secret; the pickle is to be kept like that secret then. It never holds
    the refresh token, which is in the store.
    """

    _is_copy = False
    _lacks_secret = False
    """Whether this is a copy of a session that has a secret to renew with, and has it not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auth: Any = leave_alone

    # -- pickles ---------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: what requests puts there, and no secret of ours."""
        shared, lent = self._shared_store(), self.lender_of_copies is not None
        bare = without_secrets.lendable_token if lent else without_secrets.bare_token
        return {
            **_requests.__getstate__(self),
            **{name: getattr(self, name) for name in _TRAVELS},
            **self._credentials(),
            "compliance_hook": self._hooks_for(is_shared=shared is not None),
            "_store": shared,
            "lender": self.lender_of_copies or self.lender,
            "_client": without_secrets.bare_oauthlib_client(self._client),
            "token": bare(self.token or {}),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy, with locks and connections of its own."""
        state = dict(state)
        token, client = state.pop("token"), state.pop("_client")
        set_beside_it = client.access_token
        CopiedSession.__init__(self, client=client)
        _requests.__setstate__(self, state)
        self._is_copy = True
        self.token = token
        if self.provider is None:  # requests-oauthlib lets it be set on its own
            client.access_token = set_beside_it
        else:
            quirks.apply(self, self.provider.quirks)
        store: Any = self._store
        with contextlib.suppress(TypeError):  # one's own that has no hash
            _kept_for_the_next(store, self._key)

    def _shared_store(self) -> "TokenStore | None":
        """Return the store, if a copy elsewhere will find this very token in it, or a newer one.

        A store that did not take the token when it was saved has an older one, which is spent.
        """
        is_there = (self._in_store or {}).get("access_token") == self.token.get("access_token")
        is_shared = getattr(self._store, "is_shared", False) and self.lender_of_copies is None
        return self._store if is_shared and (is_there or self._is_bare) else None

    def _credentials(self) -> dict[str, Any]:
        """Return what a pickle holds of who the client is."""
        client, extra = self._registered, dict(self._extra)
        if self.pickles_secret and self.lender_of_copies is None:
            return {"_registered": client, "_extra": extra, "_lacks_secret": self._lacks_secret}
        secret = self.auto_refresh_kwargs.get("client_secret")
        lacks_secret = self._lacks_secret or (self._asks_again and bool(extra))
        if client is not None:
            secret = client.client_secret
            lacks_secret = lacks_secret or not without_secrets.can_do_without(client)
            client = without_secrets.bare_client(client)
        is_secret = without_secrets.is_of_client(self.auth, self.client_id, secret)
        auth = {"auth": leave_alone} if is_secret else {}
        return {"_registered": client, "_extra": {}, "_lacks_secret": lacks_secret, **auth}

    def _hooks_for(self, *, is_shared: bool) -> dict[str, set[Any]]:
        """Return the hooks that a copy needs: those of a renewal only where it can renew."""
        needed = set(self.compliance_hook) if is_shared else {"protected_request"}
        return {
            kind: {hook for hook in hooks if kind in needed and not _is_rule(hook)}
            for kind, hooks in self.compliance_hook.items()
        }

    # -- twins -----------------------------------------------------------------------------

    def __copy__(self) -> "Self":
        """Return a twin: it shares everything, as what requests copies does, and the renewal."""
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> "Self":
        """Return a twin with settings of its own: headers, cookies, hooks, connections."""
        twin = memo[id(self)] = copy.copy(self)
        own = _requests.__getstate__(self)
        vars(twin).update({name: copy.deepcopy(value, memo) for name, value in own.items()})
        twin.compliance_hook = {kind: set(all_) for kind, all_ in self.compliance_hook.items()}
        twin.auto_refresh_kwargs = dict(self.auto_refresh_kwargs)
        return twin

    # -- what a copy does otherwise --------------------------------------------------------

    @property
    def _is_bare(self) -> bool:
        """Whether this is a copy, and has not taken the whole token out of the store."""
        return self._is_copy and not self.token.get("refresh_token")

    def keep_in(self, store: "TokenStore") -> None:
        """Keep the token, and every successor, in ``store`` from now on, in an opened session.

        A copy puts nothing there until it has renewed: its token is the lesser one.
        """
        if self._is_bare:
            self._store, self._in_store = store, None
        else:
            super().keep_in(store)

    def renew(self) -> None:
        """Renew the token now: see ``RenewingSession.renew``; a copy does so through its store.

        Raises:
            ConfigurationError: the session was made by the constructor; call ``refresh_token()``.
            LoginRequired: the session was signed out, or there is nothing to renew it with.
            TokenError: the token endpoint refused, or could not be reached.
        """
        with self._told_as_a_copy():
            if self._is_bare:
                self._taken_from_store()
            super().renew()

    def _keep(self, token: Token) -> None:
        super()._keep(token)
        self._is_copy = self._lacks_secret  # else it has all that one has which was opened here

    def _taken_from_store(self) -> Token:
        """Take the whole token, or a newer one, out of the store, and return the token."""
        with self._renewal.paused():
            whole = self._whole(self.token)
            if self.token and whole is not self.token:
                self.token = self._in_store = whole
            token: Token = self.token
            return token

    def _can_renew(self, token: Token) -> bool:
        if self._lacks_secret and self.lender is None:
            return False
        if self._is_copy and not token.get("refresh_token"):
            token = self._whole(token)
        return super()._can_renew(token)

    def _whole(self, token: Token) -> Token:
        """Return what the store has in place of a copy's token, if anything."""
        if self._store is None or self._key is None:
            return token
        with contextlib.suppress(Exception):  # whatever ails the store is said where it is used
            found = self._stored(self._store, self._key)
            if found is None or not self._is_as_good(found):
                return token
            self._heed_refusal(found)
            return found
        return token

    def _live_token(self, *args: Any) -> Token:
        if not self._is_copy:
            return super()._live_token(*args)
        if self._is_bare and tokens.is_due(self.token, time.time()):
            self._taken_from_store()
        with self._told_as_a_copy():
            return super()._live_token(*args)

    def _refresh_as_requests_oauthlib(self, *args: Any) -> Token:
        if self._is_bare:
            raise TokenExpiredError
        return super()._refresh_as_requests_oauthlib(*args)

    def _after_refusal(
        self, response: requests.Response, token: Token, *, is_repeatable: bool
    ) -> Token | None:
        if self._is_bare and response.status_code == _UNAUTHORIZED:
            mine = self._taken_from_store()
            if mine.get("access_token") == token.get("access_token"):
                token = mine  # with all that renews it
        return super()._after_refusal(response, token, is_repeatable=is_repeatable)

    def _own_authentication(self) -> Any:
        if self._lacks_secret:
            raise TokenError(
                "This session came from another process without the client's secret, so it cannot "
                "say which app it is. Do this where the session came from."
            )
        return super()._own_authentication()

    @contextlib.contextmanager
    def _told_as_a_copy(self) -> Iterator[None]:
        """Say of a token that a copy cannot renew what to do where the session came from."""
        try:
            yield
        except (TokenExpiredError, LoginRequired):
            is_lesser = self.lender is None and (self._is_bare or self._lacks_secret)
            if self.token and is_lesser:
                # What requests-oauthlib's would raise, where there was no sign-in of ours.
                error = TokenExpiredError if self.provider is None else LoginRequired
                raise error(self._advice()) from None
            raise

    def _advice(self) -> str:
        here = "This session came from another process, and cannot renew its access token here: "
        renew = without_secrets.how_to_send_another()
        if self.provider is None:
            return f"{here}it does not have the refresh token. R{renew[1:]}"
        if self._lacks_secret:
            return (
                f"{here}it does not have the client's secret. Set "
                f"session.pickles_secret = True there before you send it, or {renew}"
            )
        if self._store is not None:
            return (
                f"{here}the store that it was opened on has nothing to renew it with. Sign in "
                "again there, and let both processes use one store on one machine."
            )
        return (
            f'{here}it does not have the refresh token. Sign in there with store="file", so that '
            f"copies of it renew as well, or {renew}"
        )


@functools.lru_cache(maxsize=128)
def _kept_for_the_next(store: object, key: object) -> Setbacks:
    """Keep what went wrong with a sign-in: a worker gets a new copy with each task.

    So a refresh token that was refused to one is not tried by the next. There are as many of these
    as there are sign-ins, unless a store of one's own does not compare itself.
    """
    return setbacks_of(store, key)


def _is_rule(hook: Any) -> bool:
    """Tell whether a hook is there because the provider's quirks name it."""
    return bool(getattr(hook, "func", hook).__module__ == quirks.__name__)
