"""The part of a session that keeps its token in a store, and shares it with whoever else does.

Whoever finds the token due asks the store before the token endpoint: another kernel may have
renewed it. What it got is taken, under a lock that the store holds for one of them at a time.
Until the token is due nobody looks.
"""

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nb_oauth import openid, stored_tokens, stores, tokens
from nb_oauth.exceptions import ConfigurationError, LoginRequired, TokenError
from nb_oauth.renewal import Renewal
from nb_oauth.session_openid import OpenIDSession
from nb_oauth.setbacks import Setbacks, setbacks_of
from nb_oauth.tokens import Token, TokenKey

if TYPE_CHECKING:
    from nb_oauth.stores import TokenStore

# Some providers renew the end of the same access token.
_TELLING = ("access_token", "refresh_token", "expires_at")


class _Keeping:
    """Where a session and its twins keep the token that they have in common.

    Attributes:
        store: where; None for nowhere.
        key: under which name.
        last: what was last put into the store, or taken out of it.
        setbacks: of which store and key they are known, and they.
    """

    def __init__(self) -> None:
        self.store: TokenStore | None = None
        self.key: TokenKey | None = None
        self.last: Token | None = None
        self.setbacks: tuple[object, object, Setbacks] = None, None, Setbacks()


class StoredSession(OpenIDSession):
    """The part of a session that keeps its token in a store, for itself and for others."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._keeping = _Keeping()
        self._renewal = Renewal(lambda: self.token)
        super().__init__(*args, **kwargs)

    @property
    def _store(self) -> "TokenStore | None":
        return self._keeping.store

    @_store.setter
    def _store(self, store: "TokenStore | None") -> None:
        self._keeping.store = store

    @property
    def _key(self) -> TokenKey | None:
        return self._keeping.key

    @_key.setter
    def _key(self, key: TokenKey | None) -> None:
        self._keeping.key = key

    @property
    def _in_store(self) -> Token | None:
        """What this session last put into the store, or took out of it."""
        return self._keeping.last

    @_in_store.setter
    def _in_store(self, token: Token | None) -> None:
        self._keeping.last = token

    @property
    def _setbacks(self) -> Setbacks:
        """What went wrong in renewing the token, here or in another session of this store."""
        store, key, setbacks = self._keeping.setbacks
        if store is not self._store or key is not self._key:
            setbacks = setbacks_of(self._store, self._key)
            self._keeping.setbacks = self._store, self._key, setbacks
        return setbacks

    def forget_token(self) -> None:
        """Forget the token, here and in the store.

        Requests raise ``LoginRequired`` from now on, in a session that was opened. Sessions
        elsewhere that share the store learn of it when their token is due: then theirs do, too.
        """
        with self.signing_out():
            pass

    @contextlib.contextmanager
    def signing_out(self) -> Iterator[Token]:
        """While entered, nobody renews the token, here or elsewhere; then it is forgotten.

        Yields:
            The token to revoke: the last one that any session of this store has got.
        """
        with self._renewal.paused(), contextlib.ExitStack() as alone:
            trouble = None
            try:  # not before the end of a renewal elsewhere, which would save
                alone.enter_context(self._only_one())
            except Exception as error:  # noqa: BLE001 - here it is forgotten, whatever a store does
                trouble = error
            try:
                yield self._last_token() if trouble is None else self.token
            finally:
                self._forget_here()
                self._forget_in_store(trouble)

    def _last_token(self) -> Token:
        mine: Token = self.token
        try:
            return self._latest(mine) if mine else mine
        except LoginRequired:  # somebody signed out elsewhere, of what was there then
            return mine

    def _forget_here(self) -> None:
        super().forget_token()
        self._in_store = None
        self._setbacks.forget_all()
        self._renewal.forget()

    def _forget_in_store(self, trouble: Exception | None) -> None:
        if self._store is None or self._key is None:
            return
        if trouble is None:
            try:
                self._store.delete(self._key)
            except Exception as error:  # noqa: BLE001 - see signing_out
                trouble = error
        if trouble is not None:
            _warn("The token could not be deleted from the store", trouble)

    def keep_in(self, store: "TokenStore") -> None:
        """Keep the token, and every successor, in ``store`` from now on, in an opened session."""
        with self._renewal.paused():
            if store is not self._store:
                self._store, self._in_store = store, None
                self._keep(self.token)

    def _accept(self, token: Token) -> None:
        super()._accept(token)
        self._setbacks.forget(token)

    def _keep(self, token: Token) -> None:
        super()._keep(token)
        self._heed_refusal(token)
        if self._store is None or self._key is None:
            return
        try:
            if self._in_store is None:
                self._in_store = self._stored(self._store, self._key)
            if not _are_same(self._in_store, self.token):  # else its successor may be there by now
                stored_tokens.save(self._store, self._key, self.provider, self.token)
                self._in_store = self.token
        except Exception as error:  # noqa: BLE001 - a full disk must not lose a good token
            _warn("The token could not be stored, and lives in this session only", error)

    def _tell_of_refusal(self) -> None:
        """Say in the store that the refresh token is good no more, so that no other tries it."""
        if self._store is None or self._key is None:
            return
        with contextlib.suppress(Exception):  # whoever does not hear of it finds out by himself
            if _are_same(self._stored(self._store, self._key), self.token):
                refused = {**self.token, tokens.REFUSED: True}
                stored_tokens.save(self._store, self._key, self.provider, refused)

    def _heed_refusal(self, found: Token) -> None:
        if found.get(tokens.REFUSED):
            self._setbacks.note_refused(found)

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        """While entered, no other session with this store and key renews, in whatever kernel.

        Raises:
            TokenError: another one has been renewing for too long.
        """
        with contextlib.ExitStack() as stack:
            lock = getattr(self._store, "lock", None)
            try:
                if lock is not None:
                    stack.enter_context(lock(self._key))
                elif self._store is not None:
                    stack.enter_context(stores.locks.among_threads((id(self._store), self._key)))
            except TimeoutError as error:
                raise TokenError(str(error), error="temporarily_unavailable") from error
            yield

    def _latest(self, token: Token) -> Token:
        """Return the token that another session put into the store since, else ``token``.

        Raises:
            LoginRequired: somebody signed out: the token was deleted from the store.
        """
        if self._store is None or self._key is None:
            return token
        try:
            found = self._stored(self._store, self._key)
            is_gone = found is None and not _holds(self._store, self._key)
        except Exception as error:  # noqa: BLE001 - whatever ails the store, this token is good
            _warn("The stored token could not be looked at, so this session goes on alone", error)
            return token
        if found is None:
            if is_gone and self._in_store is not None:
                self._forget_here()
                raise LoginRequired("Somebody signed out of this account elsewhere. Sign in again.")
            return token
        latest: Token = token
        is_known = _are_same(found, self._in_store) or _are_same(found, token)
        if not is_known and self._is_as_good(found):
            self._setbacks.forget(found)
            self.token = self._in_store = found
            latest = self.token
        self._heed_refusal(found)
        return latest

    def _stored(self, store: "TokenStore", key: TokenKey) -> Token | None:
        """Return what the store has of this very provider."""
        return stored_tokens.load(store, key, self.provider, self.token)

    def _is_as_good(self, found: Token) -> bool:
        """Tell whether a stored token may do as much as ours, for the same person."""
        granted = tokens.granted_scope(self.token, self._requested_for(self.token))
        if not tokens.may_cover(found, self._requested_for(found), granted):
            return False
        mine, theirs = self.token.get("id_token"), found.get("id_token")
        return not mine or not theirs or mine == theirs or _subject(mine) == _subject(theirs)

    def _requested_for(self, token: Token) -> Any:
        return token.get(tokens.REQUESTED_SCOPE, self._scope)


def _holds(store: "TokenStore", key: TokenKey) -> bool:
    """Tell whether the store has anything under ``key``, or cannot tell."""
    return not hasattr(store, "__contains__") or key in store


def _are_same(one: Token | None, other: Token | None) -> bool:
    """Tell whether two tokens are one, whatever a store or a session made of what else they say."""
    if one is None or other is None:
        return one is other
    alike = all(one.get(name) == other.get(name) for name in _TELLING)
    return alike and tokens.scope_list(one.get("scope")) == tokens.scope_list(other.get("scope"))


def _subject(id_token: object) -> object:
    """Return whom an ID token is about (OpenID Connect Core §2); one that is none is unlike any."""
    try:
        return openid.signatures.read(id_token).claims.get("sub")
    except openid.refusals.Refusal:
        return object()


def _warn(what: str, error: Exception) -> None:
    """Say what ails the store, in words that are ours or the operating system's."""
    ours = str(error) if isinstance(error, ConfigurationError) else ""
    why = ours or getattr(error, "strerror", None) or "see the store"
    warnings.warn(f"{what} ({type(error).__name__}): {why}.", stacklevel=3)
