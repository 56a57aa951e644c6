"""The certificate that a client shows in TLS (RFC 8705 §2): what it is, and until when it is good.

requests takes it as the path of a PEM file, or as a pair of paths: the certificate and its key.
What is wrong with such files shows late and badly: as a failed handshake, or, where the key is
encrypted, as a question on a terminal that a kernel does not have. So they are looked at first.
"""

import os
import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nb_oauth.exceptions import ConfigurationError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

Cert = str | tuple[str, str]
"""As requests takes it: a path, or the paths of certificate and key."""

_NOTICE = timedelta(days=14)
_CLOCKS_DIFFER = timedelta(minutes=5)  # within that the server is the judge
_PRIVATE_KEY = rb"(?s)-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----"
_PAIR = 2


def as_cert(value: object) -> Cert:
    """Return ``value`` as requests takes it, with ``~`` written out.

    Raises:
        ConfigurationError: it is neither a path nor a pair of paths.
    """
    if isinstance(value, str | os.PathLike):
        return _path(value)
    if isinstance(value, tuple | list) and len(value) == _PAIR:
        certificate, key = value
        if all(isinstance(one, str | os.PathLike) for one in value):
            return _path(certificate), _path(key)
    raise ConfigurationError(
        "cert=… is the path of a PEM file with certificate and key, or a pair of paths: "
        "cert=('client.pem', 'client.key')."
    )


def require_readable(cert: Cert) -> None:
    """Refuse files from which no certificate with its key can be read.

    Raises:
        ConfigurationError: a file is missing or unreadable, holds no certificate or no key, the key
            is encrypted, or belongs to another certificate. The message says which and what to do.
    """
    _read(cert)


def require_usable(cert: Cert) -> None:
    """Refuse a certificate that no server would take now: see :func:`require_readable`, or ended.

    Raises:
        ConfigurationError: as there, and where it has ended or is not good yet.
    """
    certificate, now = _read(cert), datetime.now(timezone.utc)
    starts, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not starts - _CLOCKS_DIFFER <= now < ends + _CLOCKS_DIFFER:
        raise ConfigurationError(
            f"{describe(cert)} This machine's clock says {now:%Y-%m-%d %H:%M} UTC."
        )


def describe(cert: Cert) -> str:
    """Say in one line which certificate it is and when it ends.

    Args:
        cert: as :class:`nb_oauth.Client` keeps it.

    Returns:
        Such as ``Certificate CN=analyst (client.pem), good until 2027-03-01.``; other words where
        it has ended, ends within 14 days, or is not good yet. Dates are in UTC.

    Raises:
        ConfigurationError: it cannot be read: see :func:`require_readable`.
    """
    certificate, now = _read(cert), datetime.now(timezone.utc)
    starts, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    who = f"Certificate {_name_of(certificate)} ({Path(_paths(cert)[0]).name})"
    if now < starts:
        return f"{who} is good only from {starts:%Y-%m-%d %H:%M} UTC on."
    if now >= ends:
        return f"{who} ended on {ends:%Y-%m-%d}: get a new one, and put it in its place."
    if ends - now < _NOTICE:
        return f"{who} ends on {ends:%Y-%m-%d}, {_in_days((ends - now).days)}: get a new one."
    return f"{who}, good until {ends:%Y-%m-%d}."


def _in_days(days: int) -> str:
    return {0: "within a day", 1: "in a day"}.get(days, f"in {days} days")


def _path(value: "str | os.PathLike[str]") -> str:
    return os.path.expanduser(os.fspath(value))  # noqa: PTH111 - relative to where the kernel runs, as it was given


def _paths(cert: Cert) -> tuple[str, str]:
    """Return the paths of certificate and key, which may be the same."""
    return (cert, cert) if isinstance(cert, str) else cert


def _read(cert: Cert) -> "Certificate":
    certificate, key = _paths(cert)
    return _checked(certificate, key, (_stamp(certificate), _stamp(key)))


def _stamp(path: str) -> tuple[int, int]:
    """Return what changes when the file does."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a path of requests', which is text
    except OSError as error:
        raise _unreadable(path, error) from None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=16)
def _checked(certificate_path: str, key_path: str, _stamps: object) -> "Certificate":
    """Return the certificate, if its key is that of the other file. A check for each request."""
    certificate = _certificate_in(certificate_path)
    if _public_key_in(key_path) != certificate.public_key():
        raise ConfigurationError(
            f"cert=…: the key in {key_path} is not that of the certificate in {certificate_path}. "
            "Give the two that were made together."
        )
    return certificate


def _bytes_of(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cert=…: {path} cannot be read ({error.strerror}). Give the path of a PEM file, from "
        "here or in full."
    )


def _certificate_in(path: str) -> "Certificate":
    from cryptography.x509 import load_pem_x509_certificate

    content = _bytes_of(path)
    try:
        return load_pem_x509_certificate(content)  # the first: others are its issuers
    except ValueError:
        raise ConfigurationError(
            f"cert=…: {path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----). "
            "For a .p12 or .pfx file: openssl pkcs12 -in FILE -out client.pem -nodes"
        ) from None


def _public_key_in(path: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found = re.search(_PRIVATE_KEY, _bytes_of(path))
    if found is None:
        raise ConfigurationError(
            f"cert=…: {path} holds no private key. Where it is in a file of its own: "
            "cert=('client.pem', 'client.key')."
        )
    if b"ENCRYPTED" in found[0]:
        raise ConfigurationError(
            f"cert=…: the key in {path} is encrypted, and nobody is asked for its password here. "
            "Write it down decrypted, in a file that only you may read: "
            "openssl pkey -in FILE -out client.key"
        )
    try:
        # Its arithmetic was checked by whoever made it, and would take 50 ms.
        key = load_pem_private_key(found[0], None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError(
            f"cert=…: the key in {path} cannot be read. Give one in PEM form: "
            "openssl pkey -in FILE -out client.key"
        ) from None
    return key.public_key()


def _name_of(certificate: "Certificate") -> str:
    """Return whose certificate it is: its common name, else its whole subject or other name."""
    from cryptography.x509 import ExtensionNotFound, SubjectAlternativeName
    from cryptography.x509.oid import NameOID

    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if common:
        return f"CN={_one_line(common[0].value)}"
    if certificate.subject.rdns:
        return _one_line(certificate.subject.rfc4514_string())
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return f"number {certificate.serial_number:x}"
    return _one_line(", ".join(str(name.value) for name in names))


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
