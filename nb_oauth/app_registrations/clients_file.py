"""``clients.toml``: the apps that a person has registered, and may write down by hand as well.

A table for each provider::

    [github]
    client_id = "Iv1.0123456789abcdef"
    client_secret = "…"

    ["accounts.example"]
    token_endpoint = "https://accounts.example/token"  # whom it is for
    client_id = "my-notebooks"

The name of a table says whom it is for where nb_oauth knows a provider by that name. Any other
table is for the provider with that token endpoint, whatever its name is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb_oauth.clients import Client
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers import KnownProvider, directory
from nb_oauth.providers.secret_endpoints import are_one_servers
from nb_oauth.stores import locks, private_files

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_ENDPOINT = "token_endpoint"
_OF_A_CLIENT = ("client_id", "client_secret", "redirect_uri", "token_endpoint_auth_method")
_MEMBERS = (*_OF_A_CLIENT, _ENDPOINT)
_ABOUT = "The apps that you registered with providers, for nb_oauth. Keep it to yourself."
_INSTEAD = "set NB_OAUTH_<NAME>_CLIENT_ID and …_CLIENT_SECRET in the environment instead"
_KEEPING = locks.Errand(
    "writing down an app",
    f"Notebooks that write down an app at the same moment may lose one. To be sure, {_INSTEAD}.",
)
CONTENTS = private_files.Contents(
    "client secret",
    f"or {_INSTEAD}.",
    f"Let it be yours, or {_INSTEAD}.",
    "have the provider make new secrets",
)


class ClientsFile:
    """The file; it need not be there.

    Args:
        path: where it is. None is the person's own, such as ``~/.config/nb_oauth/clients.toml``.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = own_path() if path is None else path

    def __repr__(self) -> str:
        return f"<ClientsFile: {self.path}>"

    def find(self, known: KnownProvider) -> Client | None:
        """Return the app that is registered with a provider, None where the file says nothing.

        Raises:
            ConfigurationError: the file is damaged, or not the person's alone; or what it says of
                this provider cannot be used. The message says what to change.
        """
        document = self._read()
        name = None if document is None else self._table_of(document, known)
        return None if document is None or name is None else self._client(document, name)

    def keep(self, known: KnownProvider, client: Client) -> None:
        """Write down the ID and the secret of an app; all else in the file stays as it is.

        Its redirect URI is written down as well, unless one is there or it is the provider's own.

        Raises:
            ConfigurationError: as :meth:`find` does.
            OSError: the file cannot be written, or another process holds it for too long.
        """
        import tomlkit

        with locks.among_processes(self.path.with_suffix(".lock"), _KEEPING):
            document = self._read()
            if document is None:
                document = tomlkit.document()
                document.add(tomlkit.comment(_ABOUT))
            name = self._table_of(document, known) or _new_name(document, known)
            table: Any = document.setdefault(name, tomlkit.table())
            if known.short_name is None or _short_name(name) != known.short_name:
                table[_ENDPOINT] = known.provider.require(_ENDPOINT)
            table["client_id"] = client.client_id
            table.pop("client_secret", None)
            if client.client_secret is not None:
                table["client_secret"] = client.client_secret
            if client.redirect_uri not in {None, known.entry.redirect_uri}:
                table.setdefault("redirect_uri", client.redirect_uri)
            private_files.write(self.path, tomlkit.dumps(document).encode(), CONTENTS)

    def require_writable(self) -> None:
        """Refuse to ask for what could not be kept.

        Raises:
            ConfigurationError: the file, or a trial beside it, cannot be written.
        """
        trial = self.path.with_name("trial")
        try:
            self._read()
            private_files.write(trial, b"", CONTENTS)
            trial.unlink(missing_ok=True)  # another process tries as well
        except OSError as error:
            raise self._unusable(error) from None

    def _read(self) -> "TOMLDocument | None":
        try:
            private_files.require_folder(self.path.parent, CONTENTS)
            _, content = private_files.read(str(self.path), CONTENTS)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from None
        document = self._parsed(content)
        for name, table in document.items():
            if not isinstance(table, Mapping):
                raise self._wrong(f"{name} stands alone: put it under the provider's [name]")
        return document

    def _parsed(self, content: bytes) -> "TOMLDocument":
        """Parse the file. What the parser complains of may be a secret: only where is told."""
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        where = "it is no TOML in UTF-8"
        try:
            return tomlkit.parse(content.decode("utf-8-sig"))  # Notepad marks it
        except UnicodeDecodeError:
            pass
        except TOMLKitError as error:
            where = "a key or a table is there twice"
            if line := getattr(error, "line", None):
                where = f"line {line} is no TOML"
        raise self._wrong(where)

    def _table_of(self, document: "TOMLDocument", known: KnownProvider) -> str | None:
        return next((name for name in document if self._is_for(name, document[name], known)), None)

    def _is_for(self, name: str, table: Any, known: KnownProvider) -> bool:  # noqa: ANN401 - as it was written
        endpoint = table.get(_ENDPOINT)
        if endpoint is not None:
            return endpoint == known.provider.token_endpoint and are_one_servers(known.provider)
        called = _short_name(name)
        if known.short_name is not None:
            return called == known.short_name
        if called == known.provider.name.lower() and called not in directory.names():
            raise self._wrong(
                f'[{name}] does not say whom it is for: add {_ENDPOINT} = "https://…"'
            )
        return False

    def _client(self, document: "TOMLDocument", name: str) -> Client:
        table: Mapping[str, Any] = document[name].unwrap()
        if unknown := sorted(set(table) - set(_MEMBERS)):
            raise self._wrong(
                f"[{name}] has {', '.join(unknown)}, which is none of {', '.join(_MEMBERS)}"
            )
        if not table.get("client_id"):
            raise self._wrong(f"[{name}] has no client_id")
        for member, value in table.items():
            if not isinstance(value, str):
                raise self._wrong(f"{member} of [{name}] is no text: put it between quotes")
        try:
            return Client(**{one: table[one] for one in _OF_A_CLIENT if table.get(one)})
        except ConfigurationError as error:
            raise ConfigurationError(f"[{name}] of {self.path}: {error}") from None

    def _wrong(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self.path} cannot be used: {what}. Change it, or remove it.")

    def _unusable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path} cannot be used ({error.strerror}). Make it a file of yours, "
            f"or {_INSTEAD}."
        )


def own_path() -> Path:
    """Return where the person's own file is."""
    import platformdirs

    return platformdirs.user_config_path("nb_oauth", appauthor=False) / "clients.toml"


def _short_name(name: str) -> str:
    """Return the short name that a table's name is, if it is one."""
    return directory.short_name(name.lower())


def _new_name(document: "TOMLDocument", known: KnownProvider) -> str:
    """Return a name that no table has, and nobody else is known by."""
    name = number = known.short_name or known.provider.name.lower()
    count = 1
    while number in document or _is_anothers(number, known):
        count += 1
        number = f"{name}-{count}"
    return number


def _is_anothers(name: str, known: KnownProvider) -> bool:
    called = _short_name(name)
    return called != known.short_name and called in directory.names()
