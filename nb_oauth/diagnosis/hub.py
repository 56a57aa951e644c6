"""What the JupyterHub lends that started this server."""

from nb_oauth import place
from nb_oauth.diagnosis.report import Check, Verdict
from nb_oauth.exceptions import OAuthError
from nb_oauth.hub_token import hub_api
from nb_oauth.hub_token.lending import JupyterHub
from nb_oauth.place import Place


def the_hubs_token() -> Check:
    """Look whether the Hub lends its token of the person, where it is said to."""
    name, provider = "JupyterHub's token", hub_api.provider_setting()
    if not hub_api.is_here():
        return Check(name, Verdict.FINE, "not needed here: no JupyterHub started this")
    if place.here() is Place.APP:
        return Check(name, Verdict.FINE, "it is its owner's: each visitor of this page signs in")
    if not provider:
        return Check(name, Verdict.FINE, f"it lends none: {hub_api.SETTING} is not set")
    try:
        token = JupyterHub(hub_api.whose()).lend({})
    except OAuthError as error:
        return Check(name, Verdict.LOOK, f"{provider}: there is none, so one signs in", str(error))
    return Check(name, Verdict.FINE, f"{provider}: for {token['scope'] or 'what it does not say'}")
