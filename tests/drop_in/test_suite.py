"""requests-oauthlib's own tests, as it published them, pass with our session as with its."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.drop_in import fetching
from tests.drop_in.drop_in_plugin import ON_THE_CLOCK
from tests.drop_in.suite import ON_THE_INTERNET, Run, Suite

ALL = 74  # without the example that wants selenium
BROKEN = "tests/test_oauth2_session.py::OAuth2SessionTest::"


@pytest.fixture(
    scope="module", params=fetching.OAUTHLIBS, ids=lambda one: f"oauthlib-{one.version}"
)
def oauthlib(request: pytest.FixtureRequest) -> fetching.Pinned:
    pinned: fetching.Pinned = request.param
    return pinned


@pytest.fixture(scope="module")
def suite(oauthlib: fetching.Pinned, tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return Suite.on(oauthlib, tmp_path_factory.mktemp("drop-in"))


@pytest.fixture(scope="module")
def runs(suite: Suite) -> dict[str, Run]:
    """The whole suite with each class, two at a time."""
    sessions = ("theirs", "ours", "forgetful")
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(sessions, pool.map(suite.run, sessions), strict=True))


def test_each_run_had_its_class_and_the_rest_of_theirs(
    runs: dict[str, Run], oauthlib: fetching.Pinned, suite: Suite
) -> None:
    theirs = "requests_oauthlib.oauth2_session.OAuth2Session"
    assert {name: run.session for name, run in runs.items()} == {
        "theirs": theirs,
        "ours": "nb_oauth.session.OAuth2Session",
        "forgetful": "drop_in_plugin.ForgetfulSession",
    }
    assert {run.extended for run in runs.values()} == {theirs}
    assert {run.oauthlib for run in runs.values()} == {oauthlib.version}
    package = suite.source / "requests_oauthlib" / "__init__.py"
    assert {run.package for run in runs.values()} == {str(package)}


def test_ours_passes_what_theirs_passes(runs: dict[str, Run]) -> None:
    assert runs["ours"].outcomes == runs["theirs"].outcomes


def test_it_is_the_whole_suite_and_theirs_fails_only_the_clock(runs: dict[str, Run]) -> None:
    theirs = runs["theirs"]
    assert len(theirs.outcomes) == ALL - len(ON_THE_INTERNET) == 71
    assert len(theirs.having("passed")) == 69
    assert theirs.having("failed") == set(ON_THE_CLOCK)


def test_on_a_whole_second_no_test_is_left_that_fails(suite: Suite) -> None:
    for session in ("theirs", "ours"):
        run = suite.run(session, fraction=0, only=ON_THE_CLOCK)
        assert run.outcomes == dict.fromkeys(ON_THE_CLOCK, "passed"), session


def test_a_broken_class_fails_it(runs: dict[str, Run]) -> None:
    lost = runs["theirs"].having("passed") & runs["forgetful"].having("failed")
    assert lost >= {BROKEN + "test_add_token", BROKEN + "test_refresh_token_request"}
