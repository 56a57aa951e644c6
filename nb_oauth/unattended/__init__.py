"""What a sign-in can come from where nobody can be asked: papermill, nbclient, a scheduled run.

A token that a person has stored on this machine; or a refresh token of theirs, in the variable
``NB_OAUTH_<NAME>_REFRESH_TOKEN``. Whatever the provider puts in that one's place is kept in a file
store, in a folder that is named after the digest of the variable's value. So tomorrow's run finds
today's successor, and a variable that was set anew begins anew.

A provider whose tokens do not end gives no refresh token. ``NB_OAUTH_<NAME>_ACCESS_TOKEN`` is for
these: it is used as it is, until an API refuses it.
"""

import warnings

from nb_oauth import place, stored_tokens
from nb_oauth.exceptions import ConfigurationError, LoginRequired, TokenError
from nb_oauth.grant_choice import OF_A_PERSON, OF_THE_APP
from nb_oauth.masking import with_bare_errors
from nb_oauth.providers import KnownProvider
from nb_oauth.session import OAuth2Session
from nb_oauth.setbacks import is_refusal
from nb_oauth.sign_in_request import SignInRequest, stored_sessions
from nb_oauth.stores import FileTokenStore
from nb_oauth.tokens import Token, TokenKey
from nb_oauth.unattended import refusals, successors
from nb_oauth.variables import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

_LONG_AGO = 1.0  # a date in 1970: the access token that nobody has is due


def nobody_can_be_asked() -> bool:
    """Tell whether there is neither a front end that takes input nor a terminal."""
    return not place.here().is_attended


@with_bare_errors
def session_for(request: SignInRequest) -> OAuth2Session | None:
    """Return a session of what is at hand where nobody can be asked.

    Returns:
        None where somebody can be asked, and where the app signs in as itself.

    Raises:
        LoginRequired: nothing is at hand, or it is worth nothing; the message says which
            variables to set.
        TokenError: the token endpoint could not be reached, or is out of order.
    """
    if not nobody_can_be_asked():
        return None
    session = _stored(request) or _from_environment(request)
    if session is None and request.grant != OF_THE_APP:
        raise refusals.required(request, [request.variables.sign_in])
    return session


def client_required(asked: SignInRequest, known: KnownProvider) -> LoginRequired | None:
    """Return the error to raise where no app is named; None where somebody can be asked."""
    if not nobody_can_be_asked():
        return None
    members = [CLIENT_ID]
    if known.entry.grants and not set(known.entry.grants) & set(OF_A_PERSON) - (
        known.entry.with_secret
    ):
        members.append(CLIENT_SECRET)
    wanted = refusals.Wanted(
        asked.provider,
        asked.variables,
        scope=asked.scope,
        account=asked.account,
        named_grant=asked.named_grant,
    )
    return refusals.required(wanted, [*members, asked.variables.sign_in])


# -- a token that was stored -------------------------------------------------------------------


def _stored(request: SignInRequest) -> OAuth2Session | None:
    """Return a session of a token in the file store, where ``nb-oauth login`` puts it.

    Who names a store has been served from there.
    """
    if request.store is not None:
        return None
    try:
        found = (session for _, session in stored_sessions(request, FileTokenStore()))
        return next(filter(_is_good, found), None)
    except ConfigurationError as error:  # it was not asked for, and must not stand in the way
        warnings.warn(str(error), stacklevel=2)
        return None


def _is_good(session: OAuth2Session) -> bool:
    """Tell whether a stored token has not ended, or can indeed be renewed."""
    try:
        if session.is_due:
            session.renew()
    except LoginRequired:
        return False
    except TokenError as error:
        if is_refusal(error):
            return False
        raise
    return True


# -- a token in the environment ----------------------------------------------------------------


def _from_environment(request: SignInRequest) -> OAuth2Session | None:
    if request.grant == OF_THE_APP and not request.why:  # who names it wants no person
        return None
    original = request.variables.value(REFRESH_TOKEN, request.account)
    if original is not None:
        return _session_of(request, original)
    token = request.variables.value(ACCESS_TOKEN, request.account)
    return None if token is None else _session_as_it_is(request, token)


def _session_as_it_is(request: SignInRequest, access_token: str) -> OAuth2Session:
    """Return a session of an access token of which nothing more is known, and no end."""
    session = _open(request, _key(request), {"access_token": access_token})
    session.if_refused = refusals.not_accepted(request)
    return session


def _session_of(request: SignInRequest, original: str) -> OAuth2Session:
    """Return a session of the newest successor of a refresh token."""
    link = successors.link_to_what_is_away(original)
    if link is not None:
        raise refusals.away(request, link)
    store = successors.store_of(original, request.store)
    session = _kept(request, store)
    if session is None or _is_wanting(session):
        try:
            session = _renewed(request, original, store)
        except TimeoutError as error:  # another process renews, and does not come to an end
            raise TokenError(str(error), error="temporarily_unavailable") from error
    if not _is_rotated(session, original):  # no successor has to be found again
        successors.unlink(original)
    if session.token.get("scope") and not session.may_have(request.scope):
        raise refusals.too_little(request, session)
    return session


def _renewed(request: SignInRequest, original: str, store: FileTokenStore) -> OAuth2Session:
    """Return a session with a new token, alone among all who have the same variable.

    Raises:
        LoginRequired: the refresh token is good no more; or it is good once, and its successor
            can be kept nowhere.
    """
    if not successors.can_keep(store):
        return _renewed_without_a_store(request, original, store)
    with store.lock(_unlabelled(request)):
        session = _kept(request, store)  # another process may have renewed it meanwhile
        if session is None:
            session = _begun(request, original)
            _renew(request, session)
            session.keep_in(store)
        elif _is_wanting(session):
            _renew(request, session)
    kept = store.load(successors.key_of(store, _key(request))) or {}
    if _is_rotated(session, original) and kept.get("refresh_token") != session.token.get(
        "refresh_token"
    ):
        raise refusals.used_up(request, store.folder, "is")
    return session


def _renewed_without_a_store(
    request: SignInRequest, original: str, store: FileTokenStore
) -> OAuth2Session:
    kept = _kept(request, store)
    if kept is not None and _is_rotated(kept, original):  # known before any harm is done
        raise refusals.used_up(request, store.folder, "would be")
    session = _begun(request, original)
    _renew(request, session)
    if _is_rotated(session, original):
        raise refusals.used_up(request, store.folder, "is")
    return session


def _kept(request: SignInRequest, store: FileTokenStore) -> OAuth2Session | None:
    """Return a session of the successor that an earlier run has kept; None without one."""
    key = successors.key_of(store, _key(request))
    token = stored_tokens.load(store, key, request.provider)
    return None if token is None else _open(request, key, token, store)


def _begun(request: SignInRequest, original: str) -> OAuth2Session:
    """Return a session of the variable, which has no access token yet."""
    return _open(request, _key(request), {"refresh_token": original, "expires_at": _LONG_AGO})


def _renew(request: SignInRequest, session: OAuth2Session) -> None:
    try:
        session.renew()
    except LoginRequired:  # this process has been told so before
        raise refusals.good_no_more(request) from None
    except TokenError as error:
        if is_refusal(error):
            raise refusals.good_no_more(request) from None
        raise


def _is_wanting(session: OAuth2Session) -> bool:
    """Tell whether it is to be renewed; one that was refused is not, which its renewal says."""
    return session.is_due or not session.account.renews


def _is_rotated(session: OAuth2Session, original: str) -> bool:
    return bool(session.token.get("refresh_token") != original)


def _open(
    request: SignInRequest, key: TokenKey, token: Token, store: FileTokenStore | None = None
) -> OAuth2Session:
    return OAuth2Session.open(
        request.provider,
        request.client,
        scope=request.scope,
        token=token,
        store=store,
        account=key.account,
        grant=key.grant,
        allowed_hosts=request.allowed_hosts,
    )


def _key(request: SignInRequest) -> TokenKey:
    """Return what a successor is kept under first: no refresh token says which grant it is of."""
    return TokenKey.of(request.provider, request.client, OF_A_PERSON[0], request.account)


def _unlabelled(request: SignInRequest) -> TokenKey:
    """Return what all lock who begin with the same refresh token, whatever they call it."""
    return TokenKey.of(request.provider, request.client, OF_A_PERSON[0])
