"""What a provider said of itself counts for a day, here and in the next kernel."""

from __future__ import annotations

import json
import os
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nb_oauth import ConfigurationError, Provider
from nb_oauth.providers import discovery_cache
from tests.unit.metadata_server import OPENID, MetadataServer, Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = 3600.0
POSIX = pytest.mark.skipif(os.name == "nt", reason="file modes")


@pytest.fixture
def server() -> Iterator[MetadataServer]:
    with MetadataServer() as server:
        server.publish()
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(discovery_cache, "_here", {})
    return tmp_path / "nb_oauth" / "providers"


def new_kernel() -> None:
    discovery_cache._here.clear()


def file_in(folder: Path) -> Path:
    [file] = folder.iterdir()
    return file


def changed(file: Path, **members: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | members))


def aged(folder: Path, hours: float) -> None:
    """Let time pass, seen from a new kernel."""
    changed(file_in(folder), since=time.time() - hours * HOUR)
    new_kernel()


def test_it_is_asked_for_once_in_a_kernel(server: MetadataServer, folder: Path) -> None:
    first = Provider.discover(server.issuer)
    file_in(folder).unlink()
    assert Provider.discover(server.issuer + "/") == first
    assert server.asked == [OPENID]


def test_it_is_asked_for_once_by_all_kernels(server: MetadataServer, folder: Path) -> None:
    first = Provider.discover(server.issuer)
    new_kernel()
    assert Provider.discover(server.issuer, name=first.name) == first
    assert server.asked == [OPENID]


@POSIX
def test_the_file_is_ours_alone(server: MetadataServer, folder: Path) -> None:
    Provider.discover(server.issuer)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file_in(folder).stat().st_mode & 0o777 == 0o600


def test_refresh_asks_again_and_keeps_the_answer(server: MetadataServer) -> None:
    Provider.discover(server.issuer)
    server.publish(userinfo_endpoint=f"{server.issuer}/me")
    assert Provider.discover(server.issuer).userinfo_endpoint is None
    assert Provider.discover(server.issuer, refresh=True).userinfo_endpoint is not None
    new_kernel()
    assert Provider.discover(server.issuer).userinfo_endpoint is not None


@pytest.mark.parametrize("hours", [25, -1])
def test_after_a_day_it_is_asked_for_again(
    server: MetadataServer, folder: Path, hours: float
) -> None:
    Provider.discover(server.issuer)
    aged(folder, hours)
    Provider.discover(server.issuer)
    assert server.asked == [OPENID] * 2


def test_in_an_outage_an_old_answer_does_for_a_week_with_a_warning(
    server: MetadataServer, folder: Path
) -> None:
    first = Provider.discover(server.issuer)
    aged(folder, 25)
    server.stop()
    with pytest.warns(UserWarning, match="could not be reached.*what it said before is used"):
        assert Provider.discover(server.issuer) == first
    aged(folder, 8 * 24)
    with pytest.raises(requests.ConnectionError):
        Provider.discover(server.issuer)


def test_refresh_wants_an_answer(server: MetadataServer) -> None:
    Provider.discover(server.issuer)
    server.stop()
    with pytest.raises(requests.ConnectionError):
        Provider.discover(server.issuer, refresh=True)


def test_a_wrong_answer_is_never_made_up_for(server: MetadataServer, folder: Path) -> None:
    Provider.discover(server.issuer)
    aged(folder, 25)
    server.publish(issuer="https://other.example")
    with pytest.raises(ConfigurationError, match="was asked for"):
        Provider.discover(server.issuer)
    server.pages[OPENID] = Page("", 404)
    with pytest.raises(ConfigurationError, match="publishes no metadata"):
        Provider.discover(server.issuer)


@pytest.mark.parametrize(
    "members",
    [
        {"asked": "another"},
        {"document": {"issuer": "https://other.example"}},
        {"document": {"token_endpoint": "http://as.example/token"}},
        {"document": 5},
        {"since": "yesterday"},
    ],
)
def test_what_is_kept_is_held_to_the_same(
    server: MetadataServer, folder: Path, members: dict[str, Any]
) -> None:
    if isinstance(members.get("document"), dict):
        members = {"document": server.metadata(**members["document"])}
    first = Provider.discover(server.issuer)
    changed(file_in(folder), **members)
    new_kernel()
    assert Provider.discover(server.issuer) == first
    assert server.asked == [OPENID] * 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_broken_file_is_passed_over_and_mended(
    server: MetadataServer, folder: Path, content: bytes
) -> None:
    Provider.discover(server.issuer)
    file_in(folder).write_bytes(content)
    new_kernel()
    Provider.discover(server.issuer)
    assert server.asked == [OPENID] * 2
    assert json.loads(file_in(folder).read_text())["document"]["issuer"] == server.issuer


@POSIX
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_others_may_change_is_not_believed(
    server: MetadataServer, folder: Path, which: str
) -> None:
    Provider.discover(server.issuer)
    path = file_in(folder) if which == "file" else folder
    path.chmod(0o722)
    new_kernel()
    Provider.discover(server.issuer)
    assert server.asked == [OPENID] * 2


@POSIX
def test_what_another_user_owns_is_not_believed(
    server: MetadataServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Provider.discover(server.issuer)
    before = file_in(folder).read_bytes()
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    new_kernel()
    Provider.discover(server.issuer)
    assert server.asked == [OPENID] * 2
    assert file_in(folder).read_bytes() == before


def test_where_nothing_can_be_written_it_goes_on_without(
    server: MetadataServer, folder: Path
) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder should be")
    Provider.discover(server.issuer)
    new_kernel()
    Provider.discover(server.issuer)
    assert server.asked == [OPENID] * 2


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_beside(
    server: MetadataServer, folder: Path
) -> None:
    Provider.discover(server.issuer)
    file = file_in(folder)
    file.unlink()
    (file / "in the way").mkdir(parents=True)
    Provider.discover(server.issuer, refresh=True)
    assert list(folder.iterdir()) == [file]


def test_a_document_nested_too_deep_is_not_kept(server: MetadataServer, folder: Path) -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = [deep]
    discovery_cache.keep("asked", discovery_cache.Kept({"deep": deep}, 0.0))
    assert not folder.exists()


def test_an_answer_of_today_is_used_without_a_word(server: MetadataServer) -> None:
    Provider.discover(server.issuer)
    server.stop()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Provider.discover(server.issuer)
