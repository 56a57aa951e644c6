"""The surface for when nobody can be asked: it says what to do instead."""

from collections.abc import Sequence
from typing import NoReturn

from nb_oauth.exceptions import LoginRequired
from nb_oauth.place import Place

_WHERE = "nobody can be asked here (papermill, nbclient, nbconvert, a script without a terminal)"
_REASONS = {
    Place.UNATTENDED: (
        "this notebook runs with nobody there (its front end takes no input). Open it in "
        "JupyterLab or Notebook, where its cells can ask"
    ),
    Place.ELSEWHERE: (
        "this program runs with nobody there: it has neither a notebook nor a terminal to ask in"
    ),
}

IN_BROWSER = (
    "Nobody can sign in here: Python runs in the browser's page (Pyodide, JupyterLite), without "
    "the threads and sockets that it takes. Run this with a kernel on a computer, as JupyterLab, "
    "Binder and JupyterHub do. Or open a session with a token that you have: "
    "OAuth2Session.open(provider, client, token=…)."
)


def refuse(provider_name: str, place: Place) -> NoReturn:
    """Say that nobody can be asked to sign in here.

    Raises:
        LoginRequired: always; it says why, and what to do.
    """
    why = _REASONS[place]
    raise LoginRequired(
        f"Somebody must sign in to {provider_name}, but {why}. Or use nb_oauth.login(…) "
        "instead: it takes what was stored on this machine or is in the environment, else it names "
        "what to set. An app that acts as itself signs in with ClientCredentialsLogin. A token "
        "that you have goes into OAuth2Session.open(provider, client, token=…)."
    )


def advice(provider_name: str, variables: Sequence[str], command: str, without: str = "") -> str:
    """Return what to say where variables would do in a person's place.

    Args:
        provider_name: whom to sign in to.
        variables: the names of those to set, each of which is missing; none where none would do.
        command: what makes them, where somebody can sign in.
        without: the argument that keeps what is stored from being found.
    """
    who = f"Somebody must sign in to {provider_name}, and {_WHERE}."
    if not variables:
        return (
            f"{who} No variable can stand for that: this provider has no token endpoint, or has "
            f"endpoints on several servers. Sign in on this machine once, with `{command}`: then "
            "this finds the token."
        )
    names = " and ".join(filter(None, (", ".join(variables[:-1]), variables[-1])))
    found = f"and leave {without} out here: then this" if without else "then this"
    return (
        f"{who} Set {names}: `{command}`, where you can sign in, writes what to set them to. Or "
        f"sign in on this machine once, without --for-ci{',' if without else ':'} {found} finds "
        "the token."
    )
