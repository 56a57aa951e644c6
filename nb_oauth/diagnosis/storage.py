"""What is kept on this machine, and who may read it."""

import os
from pathlib import Path

from nb_oauth.app_registrations import ClientsFile
from nb_oauth.diagnosis.report import Check, Verdict
from nb_oauth.exceptions import ConfigurationError
from nb_oauth.providers import KnownProvider, Provider
from nb_oauth.stores import FileTokenStore

_NOBODYS = KnownProvider(Provider("nobody", token_endpoint="https://nobody.invalid/token"))  # noqa: S106 - an address


def the_token_files() -> Check:
    """Look whether tokens can be kept in files, and whether those there are ours alone."""
    name, store = "token files", FileTokenStore()
    beside = sorted(store.folder.glob("environment-*"))  # what came of variables
    try:
        count = sum(len(one.keys()) for one in (store, *map(FileTokenStore, beside)))
    except ConfigurationError as error:
        return Check(name, Verdict.WRONG, f"{store.folder} cannot be used", str(error))
    nearest = _nearest(store.folder)
    if not os.access(nearest, os.W_OK):
        return Check(
            name,
            Verdict.WRONG,
            f"nothing can be written to {nearest}",
            "Set XDG_STATE_HOME to a folder of yours that lasts, or keep tokens elsewhere: "
            "store=FileTokenStore('/a/folder/of/yours').",
        )
    there = "only you may read them" if store.folder.exists() else "which is not there yet"
    return Check(name, Verdict.FINE, f"{count} in {store.folder}, {there}")


def the_keyring() -> Check:
    """Look whether there is a keyring. Nothing is read from it."""
    name, instead = "keyring", 'Only store="keyring" needs it; store="file" works without.'
    try:
        import keyring
    except ImportError:
        return Check(name, Verdict.FINE, "the keyring library is not installed", instead)
    backend = keyring.get_keyring()
    if backend.priority < 1:  # such as the one that fails whatever it is asked
        return Check(name, Verdict.LOOK, "this machine has none", instead)
    return Check(name, Verdict.FINE, str(backend.name))


def the_apps() -> Check:
    """Look whether ``clients.toml`` can be read, and is the person's alone."""
    name, file = "clients.toml", ClientsFile()
    try:
        file.find(_NOBODYS)
    except ConfigurationError as error:
        return Check(name, Verdict.WRONG, f"{file.path} cannot be used", str(error))
    there = "" if file.path.exists() else ", which is not there yet"
    return Check(name, Verdict.FINE, f"{file.path}{there}")


def _nearest(folder: Path) -> Path:
    """Return the folder itself, or the one that it would be made in."""
    return next(one for one in (folder, *folder.parents) if one.exists())
