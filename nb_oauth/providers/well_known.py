"""Where a provider publishes its metadata (RFC 8414 §3, OpenID Connect Discovery §4)."""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

from nb_oauth.exceptions import ConfigurationError
from nb_oauth.transport import is_secure

_WELL_KNOWN = "/.well-known/"


@dataclass(frozen=True)
class Place:
    """Where the metadata of one provider is looked for.

    Args:
        issuer: the issuer identifier asked for, without a slash at its end.
        addresses: where its metadata may be, the most telling first.
    """

    issuer: str
    addresses: tuple[str, ...]

    @property
    def host(self) -> str:
        """The host of the issuer, which is what people call a provider that gives no name."""
        return str(urlsplit(self.issuer).hostname)

    def belongs_to(self, issuer: object) -> bool:
        """Tell whether ``issuer`` is the one whose metadata is published here.

        The two are compared as strings (RFC 8414 §3.3, OIDC Discovery §4.3). Only a slash at the
        end may differ from what was typed: it is taken off before the well-known address is made
        (RFC 8414 §3.1, OIDC Discovery §4.1), so this is the well-known address of both spellings,
        and whichever the document names has published it at its own.
        """
        return issuer in (self.issuer, f"{self.issuer}/")


def place_of(typed: object) -> Place:
    """Return where to look for the metadata of what somebody typed.

    OpenID Connect's address comes first: where a provider has both, that document names the
    userinfo endpoint and the algorithms of ID tokens as well.

    Args:
        typed: an issuer identifier such as ``"https://accounts.example/"``, or the address of a
            metadata document, with ``/.well-known/`` in it; then it is looked for nowhere else.

    Raises:
        ConfigurationError: it is neither; the message says what to pass.
    """
    parts = _checked(typed)
    before, mark, after = parts.path.partition(_WELL_KNOWN)
    if mark:  # the path of the issuer comes before (OIDC Discovery), or after (RFC 8414)
        path = before + "".join(after.partition("/")[1:])
        return Place(_address(parts, path), (_address(parts, parts.path),))
    path = parts.path.rstrip("/")
    addresses = (
        _address(parts, f"{path}{_WELL_KNOWN}openid-configuration"),
        _address(parts, f"{_WELL_KNOWN}oauth-authorization-server{path}"),
    )
    return Place(_address(parts, path), addresses)


def _address(parts: SplitResult, path: str) -> str:
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")).rstrip("/")


def _checked(typed: object) -> SplitResult:
    text = str(typed).strip()
    if not is_secure(text):
        raise ConfigurationError(
            f"{_shown(text)!r} is no issuer: give an https address (or http on a loopback "
            "address), such as 'https://accounts.example'."
        )
    parts = urlsplit(text)
    if "?" in text or "#" in text or "@" in parts.netloc:  # RFC 8414 §2
        raise ConfigurationError(
            f"{_shown(text)!r} is no issuer: leave out user, password, query (?) and fragment (#)."
        )
    return parts


def _shown(typed: str) -> str:
    """Return ``typed`` without what may be secret in it."""
    return typed.partition("#")[0].partition("?")[0].rpartition("@")[2]
