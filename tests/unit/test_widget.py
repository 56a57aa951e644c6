"""The kernel's half of the widget, without a kernel: what it sends and what it takes."""

import json
from pathlib import Path
from typing import Any

import anywidget
import pytest

from nb_oauth import place
from nb_oauth.logins import AuthorizationCodeLogin
from nb_oauth.place import Cell
from nb_oauth.prompts import RawAnswer
from nb_oauth.surfaces import Appeared, Cancelled, Event, NewLinkWanted, Status, View
from nb_oauth.surfaces import output as output_module
from nb_oauth.surfaces import widget as widget_module
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
            "qr": None,
            "seconds_left": None,
            "credentials": False,
            "can_renew": False,
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
    widget._ipython_display_()
    assert published[-1]["data"]["text/plain"] == line
    assert published[-1]["update"] is False


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


def test_what_the_browser_is_sent_fits_the_budget() -> None:
    assert len(LoginWidget._esm) + len(LoginWidget._css) < 13_000
    assert "/**" not in LoginWidget._esm


def test_only_comments_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        '/** types\n * x */\na = "//b"; // out\n  b = "a // b";\n'
        "// left out\n/* out */\nc = 1\n\nd = 2;\n"
    )
    (tmp_path / "some.js").write_text(source)
    monkeypatch.setattr(widget_module, "_STATIC", tmp_path)
    assert widget_module._lean("some.js") == 'a = "//b";b = "a // b";c = 1\nd = 2;'
