"""Certificates for a test run: an authority, the judge's own, and those that clients show."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
HOSTS = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
)

CRITICAL = (x509.BasicConstraints, x509.KeyUsage)
# What Python demands of an authority from 3.13 on (RFC 5280 §4.2.1.3, §4.2.1.9).
AUTHORITY = (
    x509.BasicConstraints(ca=True, path_length=0),
    x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    ),
)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, password: bytes | None = None) -> bytes:
        how = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)

    def save(self, folder: Path, name: str) -> tuple[str, str]:
        """Write both; returns what ``cert=`` takes."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(self.pem())
        key.write_bytes(self.key_pem())
        return str(certificate), str(key)


def issue(  # noqa: PLR0913 - each a thing that a test may want of one
    common_name: str | None,
    issuer: Issued | None = None,
    *,
    from_days: float = -1,
    to_days: float = 365,
    subject: str | None = None,
    key: Key | None = None,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> Issued:
    """Issue a certificate, signed by itself where nobody issues it; good from and to, in days."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
    name = x509.Name.from_rfc4514_string(subject) if subject else x509.Name(parts)
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=from_days))
        .not_valid_after(now + timedelta(days=to_days))
    )
    signer = issuer.key if issuer else key
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    for one in (
        *extensions,
        signed_by,
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
    ):
        builder = builder.add_extension(one, critical=isinstance(one, CRITICAL))
    return Issued(builder.sign(signer, hashes.SHA256()), key)


@dataclass(frozen=True)
class Certificates:
    """What a client may have of them, as ``cert=`` and ``verify=`` take it.

    Attributes:
        folder: where the judge finds its own.
        authority: the file to trust the judge by.
        analyst: issued by that authority to CN=analyst, whom the judge knows.
        somebody: issued by it to somebody else.
        self_signed: the one that a client signed itself and has registered.
        stranger: signed by itself, and known to nobody.
    """

    folder: Path
    authority: str
    analyst: tuple[str, str]
    somebody: tuple[str, str]
    self_signed: tuple[str, str]
    stranger: tuple[str, str]


def make_certificates(folder: Path) -> Certificates:
    folder.mkdir(exist_ok=True)
    authority = issue("An authority of a test", extensions=AUTHORITY)
    (folder / "ca.pem").write_bytes(authority.pem())
    names = x509.SubjectAlternativeName(HOSTS)
    issue("localhost", authority, extensions=(names,)).save(folder, "server")
    return Certificates(
        folder=folder,
        authority=str(folder / "ca.pem"),
        analyst=issue("analyst", authority).save(folder, "analyst"),
        somebody=issue("somebody", authority).save(folder, "somebody"),
        self_signed=issue("self-signed").save(folder, "self-signed"),
        stranger=issue("analyst").save(folder, "stranger"),
    )
