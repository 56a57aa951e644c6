"""The system's Chromium with its own default features, cut off from the internet."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests import tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserType

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = [
    "--no-sandbox",  # a container's root has no user namespaces
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's /dev/shm is small
    "--no-proxy-server",
]
# Loopback only: oidc-provider's pages ask for a web font, Chromium for updates.
HERE = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"
REMOTE_HOST = "hub.test"
ELSEWHERE = f"MAP {REMOTE_HOST} 127.0.0.1, MAP * ~NOTFOUND"
"""As a browser on another machine: it knows this one by a name, and nothing of its loopback."""
SWITCHES = ("--disable-features=", "--enable-features=")

_known_switches: list[str] = []


@contextmanager
def chromium(resolves: str = HERE) -> Iterator[Browser]:
    """Chromium as people have it.

    Playwright switches features off, third-party storage partitioning among them, so that
    something may pass here and fail for people.

    Args:
        resolves: where which host name leads: ``HERE`` or ``ELSEWHERE``.
    """
    path = tools.find(*NAMES, remedy="install Chromium with the system's package manager")
    with sync_playwright() as playwright:
        switches = _feature_switches(playwright.chromium, path)
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*ARGUMENTS, f"--host-resolver-rules={resolves}"],
            ignore_default_args=switches,
        )
        try:
            yield browser
        finally:
            browser.close()


def command_line(browser: Browser) -> list[str]:
    """The arguments that this Chromium runs with."""
    session = browser.new_browser_cdp_session()
    return str(session.send("SystemInfo.getInfo")["commandLine"]).split()


def _feature_switches(kind: BrowserType, path: str) -> list[str]:
    """``--disable-features=…`` and ``--enable-features=…`` as this Playwright writes them.

    They are ignored only when named exactly, and differ between versions: so ask.
    """
    if not _known_switches:
        arguments = [*ARGUMENTS, f"--host-resolver-rules={HERE}"]
        browser = kind.launch(executable_path=path, args=arguments)
        switches = [one for one in command_line(browser) if one.startswith(SWITCHES)]
        browser.close()
        _known_switches.extend(switches)
    return _known_switches
