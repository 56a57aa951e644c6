"""The certificate that a client shows: what it is, until when it is good, what is wrong with it."""

from __future__ import annotations

import os
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nb_oauth import Client, ConfigurationError
from nb_oauth.certificates import as_cert, describe, require_readable, require_usable
from tests.providers.tls import issue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.providers.tls import Issued


def day(days: float) -> str:
    return f"{datetime.now(timezone.utc) + timedelta(days=days):%Y-%m-%d}"


# -- what is said of one ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("from_days", "to_days", "words"),
    [
        (-1, 365, ", good until {to}."),
        (-1, 14.01, ", good until {to}."),
        (-1, 13.99, " ends on {to}, in 13 days: get a new one."),
        (-1, 1.5, " ends on {to}, in a day: get a new one."),
        (-1, 0.5, " ends on {to}, within a day: get a new one."),
        (-9, -1, " ended on {to}: get a new one, and put it in its place."),
    ],
)
def test_it_is_said_when_it_ends(
    from_days: float, to_days: float, words: str, tmp_path: Path
) -> None:
    cert = issue("analyst", from_days=from_days, to_days=to_days).save(tmp_path, "client")
    said = describe(cert)
    assert said == "Certificate CN=analyst (client.pem)" + words.format(to=day(to_days))


def test_it_is_said_when_it_begins(tmp_path: Path) -> None:
    cert = issue("analyst", from_days=2).save(tmp_path, "client")
    words = rf"Certificate CN=analyst \(client\.pem\) is good only from {day(2)} \d\d:\d\d UTC on\."
    assert re.fullmatch(words, describe(cert))


def names(*several: x509.GeneralName) -> tuple[x509.ExtensionType, ...]:
    return (x509.SubjectAlternativeName(several),)


SPIFFE = x509.UniformResourceIdentifier("spiffe://example/analyst")


@pytest.mark.parametrize(
    ("issued", "name"),
    [
        (issue("An\nAnalyst"), "CN=An Analyst"),
        (issue(None, extensions=names(SPIFFE)), "spiffe://example/analyst"),
        (issue(None, extensions=names(SPIFFE, x509.DNSName("b"))), "spiffe://example/analyst, b"),
        (issue(None), r"number [0-9a-f]+"),
        (issue(None, subject="OU=Research,O=Example"), "OU=Research,O=Example"),
    ],
)
def test_it_is_called_by_the_name_it_has(issued: Issued, name: str, tmp_path: Path) -> None:
    said = describe(issued.save(tmp_path, "client"))
    assert re.fullmatch(rf"Certificate {name} \(client\.pem\), good until .*", said)


def test_the_first_certificate_of_a_chain_is_the_client_s(tmp_path: Path) -> None:
    one = issue("analyst")
    file = tmp_path / "all.pem"
    file.write_bytes(one.key_pem() + one.pem() + issue("authority").pem())
    assert "CN=analyst (all.pem)" in describe(str(file))


def test_a_certificate_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    cert = issue("before").save(tmp_path, "client")
    assert "CN=before" in describe(cert)
    issue("afterwards").save(tmp_path, "client")
    os.utime(cert[0], ns=(1, 1))
    assert "CN=afterwards" in describe(cert)


# -- what is wrong with one ---------------------------------------------------------------------


def spoil(part: int, content: bytes) -> Callable[[list[Path]], None]:
    def change(files: list[Path]) -> None:
        files[part].write_bytes(content)

    return change


def remove(part: int) -> Callable[[list[Path]], None]:
    return lambda files: files[part].unlink()


def make_folder(files: list[Path]) -> None:
    files[0].unlink()
    files[0].mkdir()


def encrypt(files: list[Path]) -> None:
    files[1].write_bytes(issue("analyst").key_pem(b"password"))


def encrypt_as_openssl_did(files: list[Path]) -> None:
    head = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"
    files[1].write_text(head + "QUFB\n-----END RSA PRIVATE KEY-----\n")


UNREADABLE_KEY = b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (remove(0), r"client\.pem cannot be read \(No such file"),
        (remove(1), r"client\.key cannot be read \(No such file"),
        (make_folder, r"client\.pem cannot be read \(Is a directory"),
        (spoil(0, b"c2VjcmV0"), r"client\.pem holds no certificate in PEM form .*openssl pkcs12"),
        (spoil(1, b"c2VjcmV0"), r"client\.key holds no private key\. .*cert=\('client\.pem'"),
        (spoil(1, UNREADABLE_KEY), r"the key in .*client\.key cannot be read\. Give one in PEM"),
        (
            spoil(1, issue("x").key_pem()),
            r"client\.key is not that of .*client\.pem\. Give the two",
        ),
        (encrypt, r"the key in .*client\.key is encrypted.* openssl pkey -in"),
        (encrypt_as_openssl_did, r"the key in .*client\.key is encrypted"),
    ],
)
@pytest.mark.parametrize("ask", [describe, require_readable, require_usable])
def test_what_is_wrong_is_said_with_the_file_and_what_to_do(
    ask: Callable[[Any], Any],
    change: Callable[[list[Path]], None],
    words: str,
    certificate: tuple[str, str],
) -> None:
    Client("app", cert=certificate)
    change([Path(path) for path in certificate])
    with pytest.raises(ConfigurationError, match=words) as raised:
        ask(certificate)
    assert "c2VjcmV0" not in str(raised.value)
    with pytest.raises(ConfigurationError, match=words):
        Client("app", cert=certificate)


def test_a_certificate_file_without_a_key_wants_a_pair(certificate: tuple[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"cert=\('client\.pem', 'client\.key'\)"):
        Client("app", cert=certificate[0])


@pytest.mark.skipif(sys.platform == "win32", reason="modes are not what they are elsewhere")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_key_that_one_may_not_read_is_named(certificate: tuple[str, str]) -> None:
    Path(certificate[1]).chmod(0)
    with pytest.raises(ConfigurationError, match=r"client\.key cannot be read \(Permission denied"):
        require_readable(certificate)


@pytest.mark.parametrize(
    ("from_days", "to_days", "words"), [(-9, -1, "ended on"), (1, 2, "is good only from")]
)
def test_only_one_that_is_good_now_is_used(
    from_days: float, to_days: float, words: str, tmp_path: Path
) -> None:
    cert = issue("analyst", from_days=from_days, to_days=to_days).save(tmp_path, "client")
    Client("app", cert=cert)  # its widget says so; who replaces the file needs no new client
    with pytest.raises(ConfigurationError, match=rf"{words}.* This machine's clock says"):
        require_usable(cert)


@pytest.mark.parametrize(("from_days", "to_days"), [(-1, -0.003), (0.003, 1)])
def test_a_clock_that_is_a_little_off_decides_nothing(
    from_days: float, to_days: float, tmp_path: Path
) -> None:
    require_usable(issue("a", from_days=from_days, to_days=to_days).save(tmp_path, "client"))


def test_a_key_of_another_kind_is_read_too(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    issued = issue("analyst", key=key)
    file = tmp_path / "client.pem"
    old = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    file.write_bytes(issued.pem() + old)
    require_usable(str(file))


def test_a_home_folder_is_written_out(
    certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(certificate[0]).parent
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    assert as_cert(("~/client.pem", Path("~/client.key"))) == certificate
    assert as_cert("~/client.pem") == certificate[0]


@pytest.mark.parametrize(
    "value", [None, 7, b"client.pem", (), ("a",), ("a", None), ("a", "b", "c")]
)
def test_what_is_no_path_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match="or a pair of paths"):
        as_cert(value)
