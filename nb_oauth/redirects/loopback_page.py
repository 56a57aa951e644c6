"""The page that a browser sees when a provider sends it back to this machine."""

import base64
import hashlib
import html

# The answer leaves the address bar: not for secrecy (it is spent), but so that nobody copies it.
# A fragment never reaches a server by itself: it is carried there in the body of a request.
_SCRIPT = """\
const answer = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
addEventListener("DOMContentLoaded", async () => {
  const page = document.querySelector("main");
  if (!answer || !page.hasAttribute("data-wants-fragment")) return;
  page.textContent = "";
  try {
    const reply = await fetch(location.pathname, { method: "POST", body: answer });
    const said = new DOMParser().parseFromString(await reply.text(), "text/html");
    page.replaceChildren(...said.querySelector("main").children);
    document.title = said.title;
  } catch {
    page.textContent = "The notebook does not answer any more. Run its cell again.";
  }
});
"""
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:18vh auto;"
    "max-width:30em;padding:0 1em;text-align:center}h1{font-size:1.4em}"
)


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {_source(_SCRIPT)}; style-src {_source(_STYLE)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def accepted() -> bytes:
    """Return the page for an answer that was accepted."""
    return _page("You can close this tab", "Your notebook has the answer.")


def rejected(reason: str) -> bytes:
    """Return the page for an answer that was not: ``reason`` is text and stays text."""
    return _page("Back to your notebook", reason)


def undecided() -> bytes:
    """Return the page for when the notebook has not said yet what it makes of the answer."""
    return _page("Back to your notebook", "It has the answer, and will say what came of it.")


def nothing_here() -> bytes:
    """Return the page for an address without an answer in it, unless its fragment holds one."""
    return _page(
        "Nothing to do here",
        "This page takes the answer of a sign-in to a notebook.",
        "data-wants-fragment",
    )


def _page(heading: str, text: str, attribute: str = "") -> bytes:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(heading)}</title><style>{_STYLE}</style>"
        f"<script>{_SCRIPT}</script></head>"
        f'<body><main id="nb-oauth-loopback" {attribute}><h1>{html.escape(heading)}</h1>'
        f"<p>{html.escape(text)}</p></main></body></html>"
    ).encode()
