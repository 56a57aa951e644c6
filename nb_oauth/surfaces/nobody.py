"""The surface for when nobody can be asked: it says what to do instead."""

from typing import NoReturn

from nb_oauth.exceptions import LoginRequired
from nb_oauth.place import Place

_REASONS = {
    Place.UNATTENDED: (
        "this notebook runs with nobody there to sign in (its front end takes no input). Open "
        "it in JupyterLab or Notebook, where its cells can ask"
    ),
    Place.ELSEWHERE: (
        "this is no Jupyter notebook, so there is no cell to show the sign-in in. Run the code "
        "in JupyterLab or Notebook"
    ),
}


def refuse(provider_name: str, place: Place) -> NoReturn:
    """Say that nobody can be asked to sign in here.

    Raises:
        LoginRequired: always; it says why, and what to do.
    """
    why = _REASONS[place]
    raise LoginRequired(
        f"Somebody must sign in to {provider_name}, but {why}. Or sign in once where you can, with "
        'login(…, store="file"): then this finds the token. An app that acts as itself signs in '
        "with ClientCredentialsLogin. A token that you have goes into "
        "OAuth2Session.open(provider, client, token=…)."
    )
