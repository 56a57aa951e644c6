"""What is typed where there is no widget: question by question, each in a line of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from nb_oauth.prompts import Credentials, RawAnswer, TypedClient
from nb_oauth.surfaces.contract import Cancelled, Event, NewLinkWanted, Registration, View


@dataclass(frozen=True)
class Question:
    """One line to be typed.

    Args:
        words: what is asked.
        is_secret: whether what is typed may be seen by nobody.
        is_needed: whether it is asked again where nothing is typed.
        is_as_typed: whether spaces around it belong to it, as they may to a password.
    """

    words: str
    is_secret: bool = True
    is_needed: bool = False
    is_as_typed: bool = False

    @property
    def prompt(self) -> str:
        """What to write before what is typed."""
        return f"{self.words}{' (it does not show)' if self.is_secret else ''}: "


Read = Callable[[Question], str | None]
"""Returns what was typed; None if something else has answered. It raises EOFError at the end."""

_PASTE = Question("Paste the address that the browser ends on", is_needed=True)
_PASTE_OR_WAIT = Question("Paste the address that the browser ends on, or wait", is_needed=True)
_NAME, _PASSWORD = (
    Question("Name", is_secret=False, is_needed=True),
    Question("Password", is_as_typed=True),
)
_ID = Question("Client ID", is_secret=False, is_needed=True)
_SECRET = Question("Client secret")
_SECRET_IF_ANY = Question("Client secret, or Enter where there is none")
_AGAIN = Question("Press Enter to begin anew", is_secret=False)
_YES = {"y", "yes"}


def ask(view: View, read: Read) -> Event | None:
    """Ask for what ``view`` wants typed.

    Args:
        view: what there is to show.
        read: asks one question.

    Returns:
        What the person did; None if that is nothing, or something else has answered.
    """

    def typed(question: Question) -> str | None:
        text = read(question)
        return text if text is None or question.is_as_typed else text.strip()

    try:
        return _asked_for(view, typed)
    except EOFError:
        return Cancelled()


def _asked_for(view: View, read: Read) -> Event | None:
    if view.registration is not None:
        return _client(view.registration, read)
    if view.credentials:
        return _credentials(read)
    if view.box:
        typed = read(_PASTE_OR_WAIT if view.comes_back else _PASTE)
        return RawAnswer(typed, pasted=True) if typed else None
    return None if read(_AGAIN) is None else NewLinkWanted()


def _credentials(read: Read) -> Credentials | None:
    username = read(_NAME)
    if not username:
        return None
    password = read(_PASSWORD)
    return None if password is None else Credentials(username, password)


def _client(asked: Registration, read: Read) -> TypedClient | None:
    client_id = read(_ID)
    if not client_id:
        return None
    secret = read(_SECRET if asked.needs_secret else _SECRET_IF_ANY)
    if secret is None:
        return None
    keeps = Question(f"Keep them in {asked.kept_in} for next time? y/n", is_secret=False)
    answer = read(keeps)
    return None if answer is None else TypedClient(client_id, secret, answer.lower() in _YES)


def registration_lines(asked: Registration) -> list[str]:
    """Return what to do before an app can be named, a line each."""
    where = f" at {asked.page}" if asked.page else ""
    back = f", with the redirect URI {asked.redirect_uri}" if asked.redirect_uri else ""
    return [f"Register an app with the provider{where}{back}. Then type what it was given."]
