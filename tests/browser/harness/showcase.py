"""Every face of the widget in every theme, with no notebook: the kernel's part is played.

What the kernel says is what it would say: the same functions make it. The themes are those of the
installed JupyterLab.
"""

from __future__ import annotations

import sysconfig
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import expect

from nb_oauth.asking import PREPARING, after, as_shown
from nb_oauth.grants.authorization_messages import AuthorizationResponse
from nb_oauth.grants.implicit import ImplicitGrant
from nb_oauth.grants.password import PasswordGrant
from nb_oauth.prompts import AskClient, AskPassword, OpenPage, Page, Pause, Rejection, ShowCode
from nb_oauth.redirects.catching import Catcher
from nb_oauth.redirects.ways import way_back
from nb_oauth.sign_out import SignedOut
from nb_oauth.surfaces.contract import Status, View
from nb_oauth.surfaces.static_files import script, style, words
from nb_oauth.surfaces.widget import _content

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Route
    from playwright.sync_api import Page as Tab

NAME = "GitHub"
HEADING = f"Sign in to {NAME}"
AT = "http://127.0.0.1:8888/"
LINK = "https://github.example/login/oauth/authorize?response_type=code&client_id=Iv1.8a61f9"
PARTS = ("login", "code", "password", "registration")
SCOPE = ("read:user", "repo")
_SCRIPTS = Path(__file__).parents[1] / "script"
_THEMES = Path(sysconfig.get_path("data"), "share/jupyter/lab/themes/@jupyterlab")
_COLD = {"color_scheme": "no-override", "forced_colors": "none", "contrast": "no-preference"}


@dataclass(frozen=True)
class Theme:
    """What the widget is seen in.

    Args:
        lab: the theme of JupyterLab; None where the page has none of its variables.
        media: what the person has asked of the browser.
        attributes: what JupyterLab writes on the page's body.
    """

    lab: str | None
    media: dict[str, str]

    @property
    def is_light(self) -> bool:
        return self.media.get("color_scheme") != "dark"


THEMES = {
    "light": Theme("light", {"color_scheme": "light"}),
    "dark": Theme("dark", {"color_scheme": "dark"}),
    # JupyterLab's theme is not the system's: each of the two must do with the other.
    "light-in-dark": Theme("light", {"color_scheme": "dark"}),
    "dark-in-light": Theme("dark", {"color_scheme": "light"}),
    "high-contrast": Theme("dark-high-contrast", {"color_scheme": "dark"}),
    "plain-light": Theme(None, {"color_scheme": "light"}),
    "plain-dark": Theme(None, {"color_scheme": "dark"}),
    "more-contrast": Theme("light", {"color_scheme": "light", "contrast": "more"}),
    "more-contrast-dark": Theme("dark", {"color_scheme": "dark", "contrast": "more"}),
    "forced-light": Theme("light", {"color_scheme": "light", "forced_colors": "active"}),
    "forced-dark": Theme("dark", {"color_scheme": "dark", "forced_colors": "active"}),
}


def _never(*_: object) -> Any:
    raise AssertionError("nothing is answered here")


def _asked(prompt: Any, **more: Any) -> View:
    notice = Catcher(_never, lambda: None).notice
    return View(Status.WAITING, HEADING, SCOPE, **{**as_shown(prompt, NAME, notice), **more})


def _way(page: Page) -> tuple[str, ...]:
    return (way_back(page).remark,)


def _code(seconds: float) -> ShowCode:
    page = "https://github.example/login/device"
    complete = f"{page}?user_code=WDJB-MJHT"
    return ShowCode("WDJB-MJHT", page, complete, time.monotonic() + seconds, 5)


def faces() -> dict[str, View | None]:
    """Each face by a name; None before the kernel has said anything."""
    page: OpenPage[Any] = OpenPage(LINK, _never)
    password: AskPassword[Any] = AskPassword(_never)
    client: AskClient[Any] = AskClient(
        "https://github.example/settings/applications/new",
        "http://127.0.0.1/callback",
        needs_secret=False,
        goes_to="github.example",
        kept_in="~/.config/nb_oauth/clients.toml",
        accept=_never,
    )
    denied = AuthorizationResponse(error="access_denied", error_description="The user said no")
    signed_in = View(
        Status.SIGNED_IN, HEADING, SCOPE, progress=f"Signed in to {NAME}.", can_renew=True
    )
    over = "The code ran out before anybody entered it. Get a new one."
    return {
        "connecting": None,
        "preparing": View(Status.PREPARING, HEADING, SCOPE, progress=PREPARING),
        "link": _asked(page),
        "link-here": _asked(page, remarks=_way(Page(reaches_kernel=True))),
        "link-server": _asked(
            page, remarks=_way(Page("https://hub.example/user/ada/nb-oauth/callback"))
        ),
        "link-by-hand": _asked(page, remarks=_way(Page())),
        "denied": _asked(page, error=denied.refusal(NAME)),
        "refused-link": _asked(replace(page, url="http://github.example/authorize")),
        "implicit": _asked(page, remarks=(ImplicitGrant.advice,)),
        "working": View(Status.WORKING, HEADING, SCOPE, progress=after(page) or ""),
        "code": _asked(_code(330)),  # for half a minute it reads “5 minutes”
        "code-over": _asked(_code(0)),
        "pause": _asked(Pause(Rejection(over))),
        "password": _asked(password, remarks=(PasswordGrant.advice,)),
        "wrong-password": _asked(password, error="Type both your name and your password."),
        "app": _asked(client),
        "wrong-app": _asked(
            replace(client, page=None, needs_secret=True),
            error="The ID and the secret are the same. Copy each from its own place.",
        ),
        "signed-in": replace(signed_in, can_renew=False),
        "can-renew": signed_in,
        "renewed": replace(signed_in, progress="The token was renewed. It is good until 14:32:07."),
        "not-renewed": replace(
            signed_in, error="The token endpoint could not be reached: timed out."
        ),
        "cancelled": View(Status.CANCELLED, HEADING, SCOPE, progress="Cancelled."),
        "failed": View(Status.FAILED, HEADING, SCOPE, error="The token endpoint answered 503."),
        "signed-out": View(
            Status.SIGNED_OUT,
            HEADING,
            progress=repr(SignedOut(NAME, ("refresh_token", "access_token"), ())),
        ),
        "lost": _asked(page),
        "link-to-copy": _asked(page),
    }


class Showcase:
    """A page with one widget, which shows what it is told.

    Args:
        tab: an empty page.
    """

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.theme: Theme | None = None
        self._files = {
            "": ("text/html", _page()),
            "fake_model.js": ("text/javascript", _read("fake_model.js")),
            "readers.js": ("text/javascript", _read("readers.js")),
            "all.js": ("text/javascript", script(*PARTS)),
            "all.css": ("text/css", style(*PARTS)),
        }
        tab.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        kind, body = self._files[urlsplit(route.request.url).path.strip("/")]
        route.fulfill(content_type=kind, body=body)

    @property
    def widget(self) -> Locator:
        return self.tab.locator(".nb-oauth")

    def dress(self, theme: Theme) -> None:
        """Put the page, or the one loaded next, into this theme."""
        self.theme = theme
        self.tab.emulate_media(**{**_COLD, **theme.media})  # type: ignore[arg-type]
        self.tab.evaluate("(css) => { theme.textContent = css; }", _lab_style(theme))

    def begin(self) -> None:
        """Load the page with a new widget, which has said hello and heard nothing."""
        self.tab.goto(AT)
        self.tab.wait_for_function("window.ready")
        if self.theme is not None:
            self.dress(self.theme)
        self.tab.evaluate("async () => { await startNotebook(true, 'all'); }")
        expect(self.widget).to_be_visible()

    def speak(self, language: str) -> None:
        """Send what the kernel would send to a browser of this language."""
        module = words(language)
        if module is not None:
            self.deliver({"type": "words", "script": module})

    def deliver(self, content: dict[str, Any]) -> None:
        self.tab.evaluate("(content) => notebook.model.deliver(content)", content)

    def show(self, name: str) -> Locator:
        """Show one of the faces; returns the widget."""
        view = faces()[name]
        if view is None:
            self.begin()
            return self.widget
        self.deliver({"type": "view", **_content(view)})
        expect(self.widget).to_have_attribute("data-status", view.status.value)
        if name == "lost":
            self.tab.evaluate("notebook.model.trigger('comm_live_update')")
        if name == "link-to-copy":
            self.tab.evaluate(
                "Object.defineProperty(navigator, 'clipboard', { value: undefined, "
                "configurable: true })"
            )
            self.widget.locator(".nb-oauth-copy").click()
            expect(self.widget.locator(".nb-oauth-address")).to_be_visible()
        return self.widget


def _lab_style(theme: Theme) -> str:
    if theme.lab is None:
        return "body { background: Canvas; } :root { color-scheme: light dark; }"
    file = _THEMES / f"theme-{theme.lab}-extension" / "index.css"
    return file.read_text(encoding="utf-8") + "body { background: var(--jp-layout-color0); }"


def _read(name: str) -> str:
    return (_SCRIPTS / name).read_text(encoding="utf-8")


def _page() -> str:
    scripts = "".join(
        f'<script type="module" src="{name}.js"></script>' for name in ("readers", "fake_model")
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>A notebook</title>'
        '<link rel="icon" href="data:,"><link id="style" rel="stylesheet" href="all.css">'
        '<style id="theme"></style><style>body { margin: 8px; }</style>'
        '<textarea id="cell" aria-label="A cell that one is typing in"></textarea>'
        f'<main id="output"></main>{scripts}</html>'
    )
