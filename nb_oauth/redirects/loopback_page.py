"""The page that a browser sees when a provider sends it back to this machine."""

import base64
import hashlib
import html

# The answer leaves the address bar: not for secrecy (it is spent), but so that nobody copies it.
# A fragment never reaches a server by itself: it is carried there in the body of a request.
# What the page says is English, and by the browser's language Chinese; a reason stays as it is.
_SCRIPT = """\
const CHINESE = {
  "You can close this tab": "可以关闭此标签页了",
  "Your notebook has the answer.": "您的笔记本已收到结果。",
  "Back to your notebook": "请回到您的笔记本",
  "It has the answer, and will say what came of it.": "它已收到结果，会显示登录是否成功。",
  "Nothing to do here": "这里没有要做的事",
  "This page takes the answer of a sign-in to a notebook.": "此页面用于将登录结果交给笔记本。",
  "The notebook does not answer any more. Run its cell again.":
    "笔记本不再响应。请重新运行其中的单元格。",
};
const speak = () => {
  if (!/^zh\\b/i.test(navigator.language)) return;
  document.documentElement.lang = "zh-CN";
  for (const node of document.querySelectorAll("title, h1, p"))
    node.textContent = CHINESE[node.textContent] ?? node.textContent;
};
const answer = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
addEventListener("DOMContentLoaded", async () => {
  speak();
  const page = document.querySelector("main");
  if (!answer || !page.hasAttribute("data-wants-fragment")) return;
  page.textContent = "";
  try {
    const reply = await fetch(location.pathname, { method: "POST", body: answer });
    const said = new DOMParser().parseFromString(await reply.text(), "text/html");
    page.replaceChildren(...said.querySelector("main").children);
    document.title = said.title;
  } catch {
    const silence = "The notebook does not answer any more. Run its cell again.";
    page.appendChild(document.createElement("p")).textContent = silence;
  }
  speak();
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
        f'<body><main id="nb-oauth-loopback" aria-live="polite" {attribute}>'
        f"<h1>{html.escape(heading)}</h1><p>{html.escape(text)}</p></main></body></html>"
    ).encode()
