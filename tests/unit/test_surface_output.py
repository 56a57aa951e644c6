"""What stands in an output beside the widget: for front ends without widgets, and for files."""

import html
import json
import threading
from typing import Any

import pytest

from nb_oauth.surfaces import Registration, Status, View
from nb_oauth.surfaces import widget as widget_module
from nb_oauth.surfaces.html import Errand, errand_of
from nb_oauth.surfaces.output import _WIDGET_VIEW, Outputs
from nb_oauth.surfaces.widget import LoginWidget

NOT_YET = "Run this cell to sign in to Example."
SIGNED_IN = "Signed in to Example. Run this cell to sign in as yourself."
ERRAND = Errand("https://example.test/device?a=1&b=2", "WDJB-MJHT")


class Published(list[dict[str, Any]]):
    """What was published to the front end, newest last."""

    def __call__(self, data: Any, **options: Any) -> None:
        self.append({"data": data, **options})

    @property
    def plain(self) -> list[str]:
        return [message["data"]["text/plain"] for message in self]

    @property
    def saved(self) -> dict[str, dict[str, Any]]:
        """What each output holds in the end."""
        return {message["transient"]["display_id"]: message["data"] for message in self}


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    published = Published()
    monkeypatch.setattr("IPython.display.publish_display_data", published)
    return published


@pytest.fixture
def widget(published: Published, monkeypatch: pytest.MonkeyPatch) -> LoginWidget:
    monkeypatch.setattr(widget_module, "_APPEARS_WITHIN", 0.001)
    widget = LoginWidget(lambda _: None, Outputs("Example"))
    widget.display()
    published.clear()
    return widget


def view(status: Status = Status.WAITING, **changes: Any) -> View:
    link, code = ERRAND.link, ERRAND.code
    return View(status, "Sign in to Example", **{"link": link, "code": code, **changes})


def wait_for_timers() -> None:
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()


def let_time_pass() -> None:
    """Do now what timers are to do later."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
            thread.join()
            thread.function(*thread.args)


def test_a_widget_that_appears_in_time_has_no_code_beside_it(
    widget: LoginWidget, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget_module, "_APPEARS_WITHIN", 60)
    widget.show(view())
    widget._take_message(widget, {"type": "hello", "id": "1"}, [])
    let_time_pass()
    assert published == []


def test_a_code_that_is_over_in_time_is_not_said(
    widget: LoginWidget, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget_module, "_APPEARS_WITHIN", 60)
    widget.show(view())
    widget.show(view(Status.CANCELLED))
    let_time_pass()
    assert published == []


def test_what_can_be_done_without_a_widget_takes_its_place(published: Published) -> None:
    outputs = Outputs("A <b>")
    outputs.show_widget("model", None)
    outputs.not_signed_in(ERRAND, widget_appeared=False)
    shown, updated = published
    assert updated["update"] is True
    assert updated["transient"] == shown["transient"]
    assert shown["data"][_WIDGET_VIEW]["model_id"] == "model"
    assert updated["data"] == {
        "text/plain": "To sign in to A <b> open https://example.test/device?a=1&b=2 and enter "
        "WDJB-MJHT",
        "text/html": '<p style="overflow-wrap: anywhere">To sign in to A &lt;b&gt; open '
        '<a href="https://example.test/device?a=1&amp;b=2" target="_blank" '
        'rel="noopener noreferrer">https://example.test/device?a=1&amp;b=2</a> and enter '
        "<strong>WDJB-MJHT</strong></p>",
    }


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://example.test/", '"><script>alert(1)</script>']
)
def test_what_is_no_safe_link_stays_text(published: Published, link: str) -> None:
    outputs = Outputs("Example")
    outputs.show_widget("model", None)
    outputs.not_signed_in(Errand(link, "<i>&"), widget_appeared=False)
    markup = published[-1]["data"]["text/html"]
    assert "<a" not in markup
    assert "<script" not in markup
    assert "<strong>&lt;i&gt;&amp;</strong>" in markup


def test_a_new_code_takes_the_place_of_the_old(widget: LoginWidget, published: Published) -> None:
    widget.show(view(Status.PREPARING, link=None, code=None))
    for changes in ({}, {"progress": "Still waiting."}, {"code": "BBBB-CCCC"}):
        widget.show(view(**changes))
        wait_for_timers()
    assert [text.split()[-1] for text in published.plain] == ["WDJB-MJHT", "BBBB-CCCC"]


def test_a_cell_that_shows_it_later_says_the_code_at_once(
    widget: LoginWidget, published: Published
) -> None:
    widget.show(view())
    wait_for_timers()
    widget.display()
    assert published.plain[-1].endswith("WDJB-MJHT")
    assert published[-1]["update"] is False


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (Status.SIGNED_IN, SIGNED_IN),
        (Status.CANCELLED, NOT_YET),
        (Status.FAILED, NOT_YET),
        (Status.WORKING, NOT_YET),
    ],
)
def test_no_code_is_left_in_what_is_saved(
    published: Published, status: Status, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = LoginWidget(lambda _: None, Outputs("Example"))
    widget.display()
    widget.display()
    monkeypatch.setattr(widget_module, "_APPEARS_WITHIN", 0.001)
    widget.show(view())
    wait_for_timers()
    assert "WDJB" in json.dumps(published.saved)
    widget.show(view(status))  # even if whoever shows this forgot to leave the code out
    assert {data["text/plain"] for data in published.saved.values()} == {line}
    assert "WDJB" not in json.dumps(published.saved)
    assert len(published.saved) == 2


def test_where_the_widget_was_seen_nothing_is_drawn_anew(
    widget: LoginWidget, published: Published
) -> None:
    widget._take_message(widget, {"type": "hello", "id": "1"}, [])
    widget.show(view())
    widget.show(view(code="BBBB-CCCC"))
    assert published == []


def test_a_widget_that_appears_late_comes_back(widget: LoginWidget, published: Published) -> None:
    widget.show(view())
    wait_for_timers()
    assert _WIDGET_VIEW not in published[-1]["data"]
    widget._take_message(widget, {"type": "hello", "id": "1"}, [])
    assert published[-1]["data"][_WIDGET_VIEW]
    assert published[-1]["transient"] == published[0]["transient"]
    widget.show(view(code="BBBB-CCCC"))
    assert published.plain[1:] == [NOT_YET]


APP = Registration("https://example.test/<i>", "http://127.0.0.1/callback", True, "clients.toml")
PAGE = {"code": None, "box": True}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({**PAGE, "comes_back": True}, "You can close that page when it says so."),
        ({**PAGE, "comes_back": True}, 'grant="device_code"'),
        (PAGE, "Copy the address of the page that you end on into the box below."),
        ({**PAGE, "error": "That is <i>none</i>."}, "That is <i>none</i>. To sign in"),
        ({"link": None, "code": None, "credentials": True}, "Type your name and your password"),
        ({"link": None, "code": None, "error": "It ran out."}, "Press Enter in the box below"),
        ({"link": None, "code": None, "registration": APP}, "at https://example.test/<i>, with"),
        ({"link": None, "code": None, "registration": APP}, "Use the box below: for the ID"),
    ],
)
def test_everything_there_is_to_do_is_said(
    widget: LoginWidget, published: Published, changes: dict[str, Any], words: str
) -> None:
    widget.show(view(**changes))
    wait_for_timers()
    said = published[-1]["data"]
    assert words in said["text/plain"]
    assert html.escape(words).removesuffix(" To sign in") in said["text/html"]
    opens = said["text/html"].count('target="_blank" rel="noopener noreferrer">this page</a>')
    assert opens == bool(changes.get("box"))
    assert "<script" not in said["text/html"]
    assert "<i>" not in said["text/html"]


def test_a_phone_can_read_the_code(widget: LoginWidget, published: Published) -> None:
    widget.show(view(qr="data:image/svg+xml,%3Csvg a='b'%3E"))
    wait_for_timers()
    picture = '<img src="data:image/svg+xml,%3Csvg a=&#x27;b&#x27;%3E" alt="QR code of that page"'
    assert picture in published[-1]["data"]["text/html"]
    widget.show(view(code="BBBB-CCCC", qr="https://example.test/picture.svg"))
    wait_for_timers()
    assert "<img" not in published[-1]["data"]["text/html"]


def test_an_errand_keeps_its_code_to_itself() -> None:
    assert repr(ERRAND) == "Errand(then=(), error=None)"
    assert "WDJB" not in repr(errand_of(view()))
    assert "WDJB" not in repr(view())


def test_the_clean_line_alone(published: Published) -> None:
    Outputs("Example", invites=False).show_signed_in()
    assert published.plain == ["Signed in to Example."]


@pytest.mark.parametrize("earlier", [view(), view(Status.WORKING, link=None, code=None)])
def test_what_is_said_late_takes_nothing_back(
    widget: LoginWidget, published: Published, monkeypatch: pytest.MonkeyPatch, earlier: View
) -> None:
    outputs, said = widget._outputs, threading.Event()
    signing_in = threading.Thread(target=lambda: widget.show(view(Status.SIGNED_IN)))
    not_signed_in = outputs.not_signed_in

    def say_late(*arguments: Any, **options: Any) -> None:
        signing_in.start()
        signing_in.join(0.3)  # more than it needs, unless it waits for this
        not_signed_in(*arguments, **options)
        said.set()

    monkeypatch.setattr(outputs, "not_signed_in", say_late)
    widget.show(earlier)
    assert said.wait(10)
    signing_in.join()
    published.clear()
    widget.display()
    assert published.plain == [SIGNED_IN]
