"""Which way the answer comes back, by what the person's page can do."""

import pytest

from nb_oauth.prompts import Page
from nb_oauth.redirects.ways import ANY_LOOPBACK_PORT, is_callback_page, remark_on, way_back

HUB = "https://hub.example/user/ada/nb-oauth/callback"
SHARED = "https://hub.example/services/nb-oauth/callback"
LOCAL = "http://localhost:8888/nb-oauth/callback"
OPEN = "http://10.0.0.5:8888/nb-oauth/callback"


@pytest.mark.parametrize(
    ("page", "redirect_uri", "comes_by_itself", "words"),
    [
        (None, ANY_LOOPBACK_PORT, True, ""),
        (Page(reaches_kernel=True), ANY_LOOPBACK_PORT, True, "on one machine"),
        (Page(HUB, reaches_kernel=True), ANY_LOOPBACK_PORT, True, "on one machine"),
        (Page(HUB), HUB, True, f"this Jupyter server, where the app has {HUB} among its"),
        (Page(SHARED), SHARED, True, f"this JupyterHub, where the app has {SHARED} among its"),
        (Page(LOCAL), LOCAL, True, f"{LOCAL} among its registered"),
        (Page(OPEN), ANY_LOOPBACK_PORT, False, "plain http"),
        (Page("javascript:alert(1)/nb-oauth/callback"), ANY_LOOPBACK_PORT, False, "plain http"),
        (Page(), ANY_LOOPBACK_PORT, False, "pip install nb_oauth"),
    ],
)
def test_the_best_way_and_why(
    page: Page | None,
    redirect_uri: str,
    comes_by_itself: bool,  # noqa: FBT001 - a row of the table
    words: str,
) -> None:
    way = way_back(page)
    assert (way.redirect_uri, way.comes_by_itself) == (redirect_uri, comes_by_itself)
    assert words in way.remark
    assert bool(way.remark) == bool(words)


@pytest.mark.parametrize("page", [None, Page(reaches_kernel=True), Page()])
def test_a_loopback_address_is_one_that_the_provider_takes(page: Page | None) -> None:
    its = "http://localhost:8917/callback"
    assert way_back(page, its).redirect_uri == its
    assert way_back(Page(HUB), its).redirect_uri == HUB


@pytest.mark.parametrize(
    ("uri", "is_one"),
    [
        (HUB, True),
        (LOCAL, True),
        ("https://hub.example/services/nb-oauth/callback", True),
        ("https://hub.example/hub/user-redirect/nb-oauth/callback", True),
        (ANY_LOOPBACK_PORT, False),
        ("https://app.example/callback?for=/nb-oauth/callback", False),
    ],
)
def test_a_callback_page_is_known_by_its_address(
    uri: str,
    is_one: bool,  # noqa: FBT001 - a row of the table
) -> None:
    assert is_callback_page(uri) == is_one


@pytest.mark.parametrize(
    ("redirect_uri", "page", "words"),
    [
        (HUB, Page(HUB), "comes back by itself through this Jupyter server."),
        (SHARED, Page(SHARED), "comes back by itself through this JupyterHub."),
        (
            "https://hub.example/hub/user-redirect/nb-oauth/callback",
            Page("https://hub.example/hub/user-redirect/nb-oauth/callback"),
            "comes back by itself through this JupyterHub.",
        ),
        (HUB, Page(LOCAL), f"does not reach {HUB}, where the app is sent back to. To {LOCAL} it"),
        (HUB, Page(), f"does not reach {HUB}, where the app is sent back to."),
        (ANY_LOOPBACK_PORT, Page(), f"does not reach {ANY_LOOPBACK_PORT}, where the app is sent"),
    ],
)
def test_why_it_comes_back_to_where_the_app_says_or_not(
    redirect_uri: str, page: Page, words: str
) -> None:
    assert words in remark_on(redirect_uri, page)
