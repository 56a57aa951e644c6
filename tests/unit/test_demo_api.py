from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from nb_oauth.demo.sky import STARS, observations
from nb_oauth.demo.survey import survey
from tests.unit.demo_visitor import Token, Visitor


@pytest.fixture
def token(visitor: Visitor) -> Token:
    return visitor.signed_in()


def test_the_index_says_what_there_is_and_needs_no_token(visitor: Visitor) -> None:
    index = visitor.get("/api").json()
    assert index["endpoints"][f"{visitor.issuer}/api/me"] == "profile:read"
    assert visitor.get("/api/").json() == index


def test_me_says_who_signed_in_and_how_long_the_token_lasts(visitor: Visitor, token: Token) -> None:
    me = visitor.api("/me", token).json()
    assert (me["username"], me["name"]) == ("ada", "Ada Lovelace")
    assert me["client_id"] == "demo-notebook"
    assert me["scopes"] == ["observations:read", "profile:read"]
    assert 3590 < me["token_ends_in"] <= 3600


def test_the_catalogue_names_the_stars_and_the_units(visitor: Visitor, token: Token) -> None:
    catalogue = visitor.api("/stars", token).json()
    assert [star["id"] for star in catalogue["stars"]] == list(STARS)
    assert catalogue["units"]["period_days"] == "days"
    one = visitor.api("/stars/leavitt", token).json()
    assert one["kind"] == "Cepheid"
    assert one["units"] == catalogue["units"]


def test_following_next_reads_every_observation_once(visitor: Visitor, token: Token) -> None:
    url, seen = "/observations?star=leavitt&per_page=1000", []
    while url:
        reply = visitor.api(url, token)
        page = reply.json()
        seen += page["observations"]
        assert reply.links.get("next", {}).get("url") == page["next"]
        url = page["next"] and page["next"].partition("/api")[2]
    assert page["page"] == page["pages"] == 3
    assert len(seen) == page["total"] == len({one["id"] for one in seen})
    assert seen == list(observations("leavitt"))
    assert reply.links["prev"]["url"].endswith("page=2")


def test_one_page_has_no_links(visitor: Visitor, token: Token) -> None:
    reply = visitor.api("/observations?star=kempf&from=2020-01-01&to=2020-01-31", token)
    assert "Link" not in reply.headers
    assert reply.json()["next"] is None


def test_dates_count_whole_days(visitor: Visitor, token: Token) -> None:
    day = observations("kempf")[0]["time"][:10]
    found = visitor.api(f"/observations?from={day}&to={day}", token).json()["observations"]
    assert found
    assert {one["time"][:10] for one in found} == {day}


def test_nothing_found_is_an_empty_first_page(visitor: Visitor, token: Token) -> None:
    page = visitor.api("/observations?from=2021-01-01&to=2020-01-01", token).json()
    assert (page["total"], page["page"], page["pages"], page["observations"]) == (0, 1, 1, [])


@pytest.mark.parametrize(
    ("query", "explanation"),
    [
        ("star=vega", "No such star"),
        ("from=yesterday", "from is a date"),
        ("to=2020", "to is a date"),
        ("page=0", "page is a whole number"),
        ("page=9999", "page is a whole number"),
        ("per_page=1001", "per_page is a whole number from 1 to 1000"),
        ("per_page=x", "per_page is a whole number"),
        ("stra=leavitt", "Unknown: stra"),
    ],
)
def test_a_filter_that_makes_no_sense_is_explained(
    visitor: Visitor, token: Token, query: str, explanation: str
) -> None:
    reply = visitor.api(f"/observations?{query}", token)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
    assert explanation in reply.json()["error_description"]


@pytest.mark.parametrize("path", ["/nothing", "/stars/vega", "/me/more", "/stars/leavitt/x"])
def test_what_is_not_there_is_a_404_in_json(visitor: Visitor, token: Token, path: str) -> None:
    reply = visitor.api(path, token)
    assert (reply.status_code, reply.json()["error"]) == (404, "not_found")


def test_the_api_is_read_only(visitor: Visitor, token: Token) -> None:
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    reply = visitor.post("/api/stars", {"name": "mine"}, headers=headers)
    assert (reply.status_code, reply.headers["Allow"]) == (405, "GET")


# Bearer tokens (RFC 6750 §3)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YWRhOmxvdmVsYWNl"}])
def test_without_a_token_the_challenge_has_no_error(
    visitor: Visitor, headers: dict[str, str]
) -> None:
    reply = visitor.get("/api/me", headers=headers)
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="nb_oauth demo"'


def test_a_token_in_the_query_is_not_read(visitor: Visitor, token: Token) -> None:
    assert visitor.get(f"/api/me?access_token={token['access_token']}").status_code == 401


def unauthorized(visitor: Visitor, token: Token, explanation: str) -> None:
    reply = visitor.api("/me", token)
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_token")
    assert explanation in reply.json()["error_description"]
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]


def test_an_ended_token_is_told_from_a_revoked_and_an_unknown_one(visitor: Visitor) -> None:
    unauthorized(visitor, {"access_token": "made-up"}, "knows no such")
    revoked, ended = visitor.signed_in(), visitor.signed_in(token_lifetime="30")
    form = {"client_id": "demo-notebook", "token": revoked["refresh_token"]}
    visitor.post("/revoke", form)
    unauthorized(visitor, revoked, "was revoked")
    assert visitor.api("/me", ended).json()["token_ends_in"] == 30
    visitor.later(seconds=30)
    unauthorized(visitor, ended, "has expired")


@pytest.mark.parametrize(
    ("scope", "path"), [("profile:read", "/observations"), ("observations:read", "/me")]
)
def test_a_scope_that_was_not_asked_for_is_missed(visitor: Visitor, scope: str, path: str) -> None:
    narrow = visitor.signed_in(scope=scope)
    reply = visitor.api(path, narrow)
    assert (reply.status_code, reply.json()["error"]) == (403, "insufficient_scope")
    missing = "profile:read" if path == "/me" else "observations:read"
    assert 'error="insufficient_scope"' in reply.headers["WWW-Authenticate"]
    assert f'scope="{missing}"' in reply.headers["WWW-Authenticate"]


# The data


def test_the_sky_is_the_same_for_everybody() -> None:
    assert {star: len(observations(star)) for star in STARS} == {
        "goodricke": 2040,
        "leavitt": 2171,
        "fleming": 2228,
        "kempf": 2145,
        "fabricius": 2218,
    }
    assert observations("leavitt")[1000] == {
        "id": 11001,
        "star": "leavitt",
        "time": "2021-12-04T22:10:56Z",
        "jd": 2459553.42427,
        "magnitude": 4.309,
        "uncertainty": 0.018,
    }


@pytest.mark.parametrize("star_id", [star for star in STARS if star != "fleming"])
def test_folding_by_the_period_turns_noise_into_a_light_curve(star_id: str) -> None:
    def roughness(period: float) -> float:
        ordered = sorted((one["jd"] / period % 1, one["magnitude"]) for one in seen)
        steps = [abs(b[1] - a[1]) for a, b in pairwise(ordered)]
        return sum(steps) / len(steps)

    seen: Any = observations(star_id)
    period = STARS[star_id].period_days
    assert roughness(period) < 0.4 * roughness(period * 1.0931)


def test_the_survey_is_five_thousand_stars_on_a_hundred_pages(
    visitor: Visitor, token: Token
) -> None:
    first = visitor.api("/survey", token).json()
    assert (first["total"], first["pages"], len(first["stars"])) == (5000, 100, 50)
    assert first["next"] == f"{visitor.issuer}/api/survey?page=2"
    last = visitor.api("/survey?page=5&per_page=1000", token).json()
    assert last["next"] is None
    assert [one["id"] for one in last["stars"]] == list(range(4001, 5001))
    assert {*last["units"]} == {*last["stars"][0]} - {"id"}
    assert {type(one["hd"]) for one in last["stars"]} == {int, type(None)}
    assert {type(one["parallax"]) for one in last["stars"]} == {dict, type(None)}


def test_the_cluster_moves_together() -> None:
    together = [one for one in survey() if _moves_with_the_cluster(one)]
    assert 690 < len(together) < 720
    distances = sorted(1000 / one["parallax"]["mas"] for one in together if one["parallax"])
    assert 180 < distances[len(distances) // 2] < 192


def _moves_with_the_cluster(star: dict[str, Any]) -> bool:
    return abs(star["motion"]["east"] + 36) < 4 and abs(star["motion"]["north"] + 12.9) < 4


def test_the_survey_knows_no_filter(visitor: Visitor, token: Token) -> None:
    reply = visitor.api("/survey?star=leavitt", token)
    assert reply.status_code == 400
    assert "Unknown: star" in reply.json()["error_description"]
