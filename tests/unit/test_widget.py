"""The kernel's half of the widget, without a kernel: what it sends and what it takes."""

import dataclasses
import gc
import json
import types
import weakref
from typing import Any

import anywidget
import pytest

from nb_oauth import place
from nb_oauth.logins import AuthorizationCodeLogin
from nb_oauth.place import Cell
from nb_oauth.prompts import Credentials, Delivered, Page, RawAnswer
from nb_oauth.surfaces import (
    Appeared,
    Cancelled,
    Event,
    NewLinkWanted,
    RenewWanted,
    SignOutWanted,
    Status,
    View,
    static_files,
)
from nb_oauth.surfaces import output as output_module
from nb_oauth.surfaces.output import Outputs
from nb_oauth.surfaces.widget import LoginWidget

VIEW = View(
    Status.WAITING,
    "Sign in to Example",
    scope=("read",),
    link="https://example.test/authorize?state=a-state",
    error="<b>no</b>",
    box=True,
)


class Published(list[dict[str, Any]]):
    """What was published to the front end."""

    def __call__(self, data: Any, **options: Any) -> None:
        self.append({"data": data, **options})


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    published = Published()
    monkeypatch.setattr("IPython.display.publish_display_data", published)
    return published


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def widget(events: list[Event], monkeypatch: pytest.MonkeyPatch) -> LoginWidget:
    widget = LoginWidget(events.append, Outputs("Example"))
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(widget, "send", sent.append)
    widget.sent = sent
    return widget


def say(widget: LoginWidget, kind: str, identifier: str, *buffers: bytes) -> None:
    widget._take_message(widget, {"type": kind, "id": identifier}, list(buffers))


def test_a_view_is_sent_whole_and_as_json(widget: LoginWidget) -> None:
    say(widget, "hello", "1")
    widget.show(VIEW)
    assert json.loads(json.dumps(widget.sent[1:])) == [
        {
            "type": "view",
            "status": "waiting",
            "heading": "Sign in to Example",
            "scope": ["read"],
            "link": "https://example.test/authorize?state=a-state",
            "notice": "",
            "progress": "",
            "error": "<b>no</b>",
            "box": True,
            "remarks": [],
            "code": None,
            "address": None,
            "qr": None,
            "seconds_left": None,
            "credentials": False,
            "registration": None,
            "can_renew": False,
            "probe": None,
        }
    ]
    assert widget.status == "waiting"


def test_the_status_can_be_observed_and_not_set(widget: LoginWidget) -> None:
    seen: list[str] = []
    widget.observe(lambda change: seen.append(change["new"]), "status")
    widget.show(VIEW)
    assert seen == ["waiting"]
    with pytest.raises(Exception, match="read-only"):
        widget.status = "signed_in"


def test_a_page_that_appears_is_shown_what_there_is(
    widget: LoginWidget, events: list[Event]
) -> None:
    widget.show(VIEW)
    assert widget.sent == []  # nobody is there to see it
    for _ in range(2):
        widget.sent.clear()
        say(widget, "hello", str(len(events)))
        assert [message["type"] for message in widget.sent] == ["ack", "view"]
    assert events == [Appeared(), Appeared()]


def test_a_page_that_appears_early_is_shown_what_comes(widget: LoginWidget) -> None:
    say(widget, "hello", "1")
    assert widget.sent == [{"type": "ack", "id": "1"}]
    widget.show(VIEW)
    assert widget.sent[1]["status"] == "waiting"


def test_what_is_typed_comes_as_a_pasted_raw_answer(
    widget: LoginWidget, events: list[Event]
) -> None:
    say(widget, "answer", "1", "códe".encode())
    say(widget, "answer", "2", b"\xff")
    assert events == [RawAnswer("códe", pasted=True), RawAnswer("\ufffd", pasted=True)]


def test_what_the_callback_page_got_comes_as_delivered_and_the_verdict_goes_back(
    widget: LoginWidget, events: list[Event]
) -> None:
    say(widget, "redirect", "1", b"https://hub.example/nb-oauth/callback?code=c")
    (event,) = events
    assert isinstance(event, Delivered)
    assert event.answer == RawAnswer("https://hub.example/nb-oauth/callback?code=c")
    assert "code=c" not in repr(event)
    event.verdict.set_result("not so")
    assert widget.sent == [{"type": "ack", "id": "1"}, {"type": "verdict", "reason": "not so"}]


@pytest.mark.parametrize(
    ("said", "page"),
    [
        (
            (b"https://hub.example/nb-oauth/callback", b""),
            Page("https://hub.example/nb-oauth/callback"),
        ),
        ((b"", b"1"), Page(reaches_kernel=True)),
        ((b"", b""), Page()),
    ],
)
def test_what_a_page_can_do_is_reported(
    widget: LoginWidget, events: list[Event], said: tuple[bytes, bytes], page: Page
) -> None:
    say(widget, "page", "1", *said)
    assert events == [page]


def test_what_only_some_pages_need_goes_before_the_view_that_needs_it(widget: LoginWidget) -> None:
    def kinds() -> list[str]:
        kinds = [message["type"] for message in widget.sent]
        widget.sent.clear()
        return kinds

    say(widget, "hello", "1")
    widget.show(VIEW)
    assert kinds() == ["ack", "view"]
    asking = dataclasses.replace(VIEW, probe="http://127.0.0.1:1/probe")
    widget.show(asking)
    assert widget.sent[0] == {"type": "bearer", "script": static_files.script("bearer")}
    assert kinds() == ["bearer", "view"]
    widget.show(asking)
    assert kinds() == ["view"]
    say(widget, "hello", "2")  # another page, which has nothing of it
    assert kinds() == ["ack", "bearer", "view"]


def test_a_browser_of_another_language_is_sent_its_words_before_any_view(
    widget: LoginWidget,
) -> None:
    widget.show(VIEW)
    for language in (b"en-US", b"\xff", b""):
        say(widget, "hello", repr(language), language)
    assert {message["type"] for message in widget.sent} == {"ack", "view"}
    widget.sent.clear()
    say(widget, "hello", "1", b"zh-CN")
    assert [message["type"] for message in widget.sent] == ["ack", "words", "view"]
    assert widget.sent[1]["script"] == static_files.words("zh")


def test_a_name_and_a_password_come_as_credentials(
    widget: LoginWidget, events: list[Event]
) -> None:
    say(widget, "credentials", "1", "ünï".encode(), "pass wörd".encode())
    say(widget, "credentials", "2", b"only a name")
    say(widget, "credentials", "3", b"name", b"password", b"more")
    assert events == [Credentials("ünï", "pass wörd")]


def test_a_password_stays_nowhere_once_reported(widget: LoginWidget) -> None:
    heard: list[weakref.ref[Event]] = []
    widget._report = lambda event: heard.append(weakref.ref(event))
    say(widget, "credentials", "1", b"name", b"correct horse")
    gc.collect()
    assert [reference() for reference in heard] == [None]
    assert [text for text in reachable_texts(widget) if "correct horse" in text] == []
    widget._kept = {"here": ["correct horse"]}
    assert "correct horse" in reachable_texts(widget)


def reachable_texts(root: object) -> set[str]:
    """Every text that hangs on ``root``, but those of classes, modules and code."""
    program = (type, types.ModuleType, types.FunctionType, types.CodeType, types.FrameType)
    seen: dict[int, object] = {}
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen and not isinstance(one, program):
            seen[id(one)] = one
            waiting += gc.get_referents(one)
    return {str(one) for one in seen.values() if isinstance(one, str | bytes)}


def test_what_can_be_done_once_signed_in_is_reported(
    widget: LoginWidget, events: list[Event]
) -> None:
    say(widget, "renew", "1")
    say(widget, "sign_out", "2")
    assert events == [RenewWanted(), SignOutWanted()]


def test_the_time_left_is_reckoned_when_it_is_sent(
    widget: LoginWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(widget, "hello", "1")
    sent: list[float] = []
    for now, number in [(1000.0, "2"), (1290.5, "3"), (5000.0, "4")]:
        monkeypatch.setattr("time.monotonic", lambda now=now: now)
        if not sent:
            widget.show(dataclasses.replace(VIEW, code="WDJB-MJHT", deadline=1300.0))
        else:
            say(widget, "hello", number)  # a page was loaded again
        sent.append(widget.sent[-1]["seconds_left"])
        assert "deadline" not in widget.sent[-1]
    assert sent == [300.0, 9.5, 0.0]


def test_a_message_sent_again_counts_once(widget: LoginWidget, events: list[Event]) -> None:
    for _ in range(3):
        say(widget, "cancel", "1")
    assert events == [Cancelled()]
    assert [message["type"] for message in widget.sent] == ["ack"] * 3


def test_what_is_not_understood_is_acknowledged_and_left(
    widget: LoginWidget, events: list[Event]
) -> None:
    say(widget, "answer", "1")
    say(widget, "something else", "2")
    say(widget, "new_link", "3")
    assert events == [NewLinkWanted()]


def test_the_output_is_replaced_by_a_clean_line(widget: LoginWidget, published: Published) -> None:
    widget._ipython_display_()
    widget._ipython_display_()
    assert all(output_module._WIDGET_VIEW in message["data"] for message in published)
    widget.show(View(Status.SIGNED_IN, "Sign in to Example"))
    shown, replaced = published[:2], published[2:]
    assert {m["transient"]["display_id"] for m in shown} == {
        m["transient"]["display_id"] for m in replaced
    }
    line = "Signed in to Example. Run this cell to sign in as yourself."
    for message in replaced:
        assert message["update"] is True
        assert message["data"] == {"text/plain": line, "text/html": f"<p>{line}</p>"}


def test_once_signed_in_it_can_be_shown_again_and_stays(
    widget: LoginWidget, published: Published
) -> None:
    signed_in = View(Status.SIGNED_IN, "Sign in to Example", can_renew=True)
    widget.show(signed_in)
    widget._ipython_display_()
    [shown] = published
    assert shown["data"].pop(output_module._WIDGET_VIEW)["model_id"] == widget.model_id
    line = "Signed in to Example. Run this cell to sign in as yourself."
    assert shown["data"] == {"text/plain": line, "text/html": f"<p>{line}</p>"}
    assert shown["update"] is False
    widget.show(dataclasses.replace(signed_in, progress="Renewed."))
    widget.show(View(Status.SIGNED_OUT, "Sign in to Example"))
    assert published == [shown]  # each update would draw the widget anew, under somebody's hands
    widget._ipython_display_()
    assert published[-1]["data"]["text/plain"] == "Run this cell to sign in to Example."
    widget.show(signed_in)
    assert [message["update"] for message in published] == [False, False, True, True]


def test_nothing_a_person_sees_is_a_trait(widget: LoginWidget) -> None:
    widget.show(VIEW)
    saved = {**widget.get_state(), "_esm": "", "_css": ""}
    state = json.dumps({name: str(value) for name, value in saved.items()})
    for text in ("example.test", "a-state", "Example", "waiting"):
        assert text not in state
    assert repr(widget) == "<LoginWidget: waiting>"


def test_a_container_shows_it(events: list[Event], published: Published) -> None:
    import ipywidgets

    widget = LoginWidget(events.append, Outputs("Example"))
    ipywidgets.VBox([widget])
    widget.ensure_visible()
    assert published == []


def test_is_shown_again_where_the_cell_that_showed_it_runs_again(
    widget: LoginWidget, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(cell: str, execution: str) -> int:
        monkeypatch.setattr(place, "running_cell", lambda: Cell(cell, execution))
        widget.ensure_visible()
        widget.ensure_visible()
        return len(published)

    assert run("first", "1") == 1
    assert run("first", "2") == 2  # its output was cleared
    assert run("second", "3") == 2  # it stands in the first one's output


def test_without_a_kernel_once_is_enough(
    widget: LoginWidget, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "running_cell", lambda: None)
    widget.ensure_visible()
    widget.ensure_visible()
    assert len(published) == 1


def test_observers_can_be_told_later(widget: LoginWidget) -> None:
    seen: list[str] = []
    widget.observe(lambda change: seen.append(change["new"]), "status")
    with widget.observers_later():
        widget.show(VIEW)
        assert widget.status == "waiting"
        assert seen == []
    assert seen == ["waiting"]


def test_knows_when_it_is_closed(widget: LoginWidget) -> None:
    assert not widget.is_closed
    widget.close()
    assert widget.is_closed


def test_no_method_of_ours_replaces_one_of_ipywidgets() -> None:
    meant = {"model_id", "close", "_esm", "_css"}
    theirs = set(dir(anywidget.AnyWidget))
    for kind in AuthorizationCodeLogin.__mro__:
        if kind.__module__.startswith("nb_oauth"):
            ours = {name for name in vars(kind) if not name.startswith("__")}
            assert ours & theirs - meant - traitlets_bookkeeping(kind) == set(), kind


def traitlets_bookkeeping(kind: type) -> set[str]:
    made_by_traitlets = {name for name in vars(kind) if name.startswith(("_trait", "_all_trait"))}
    return made_by_traitlets | {
        "_descriptors",
        "_instance_inits",
        "_static_immutable_initial_values",
    }


def test_a_class_gets_the_files_of_its_parts() -> None:
    class WithCode(LoginWidget):
        _parts = ("code",)

    class WithBoth(WithCode):
        _parts = ("code", "password")

    class Heir(WithBoth):
        pass

    assert LoginWidget._esm == static_files.script("login")
    assert WithCode._esm == static_files.script("login", "code")
    assert WithCode._css == static_files.style("login", "code")
    assert Heir._esm == static_files.script("login", "code", "password")
    assert len({LoginWidget._esm, WithCode._esm, Heir._esm}) == 3
    assert WithCode(print, Outputs("Example"))._esm == WithCode._esm


def test_what_the_browser_is_sent_fits_the_budget() -> None:
    assert len(LoginWidget._esm) + len(LoginWidget._css) < 10_400
    assert "/*" not in LoginWidget._esm
