"""What has to be installed beside the package itself, said before anything is fetched in vain."""

from importlib.util import find_spec

__all__ = ["require"]


def require(extra: str, *modules: str) -> None:
    """Refuse to begin without the modules that an extra brings.

    Args:
        extra: its name.
        modules: the names of those that are needed.

    Raises:
        ConfigurationError: one is missing; it says what to install.
    """
    missing = next((name for name in modules if find_spec(name) is None), None)
    if missing is not None:
        from nb_oauth.exceptions import ConfigurationError

        raise ConfigurationError(
            f"This needs {missing}, which is not installed here: pip install 'nb_oauth[{extra}]', "
            "and restart the kernel."
        )
