"""How each prompt is put to a person."""

import queue
import threading
import time
from types import SimpleNamespace

import pytest

from nb_oauth import place
from nb_oauth.asking import PREPARING, Inbox, Verdicts, after, as_shown, judge, rejection_of
from nb_oauth.exceptions import LoginCancelled
from nb_oauth.prompts import (
    Answer,
    AskPage,
    AskPassword,
    Credentials,
    Delivered,
    OpenPage,
    Pause,
    Prompt,
    RawAnswer,
    Rejection,
    ShowCode,
)
from tests.unit.fake_marimo import FakeMarimo

REJECTION = Rejection("not so")
PAGE: OpenPage[str] = OpenPage("https://as.example/", lambda raw: Answer(raw.text), REJECTION)
PASSWORD: AskPassword[str] = AskPassword(lambda typed: Answer(typed.username), REJECTION)
TYPED = Credentials("ada", "the-password")
PROMPTS: list[Prompt] = [PAGE, PASSWORD, Pause(REJECTION)]


def code(pause: float = 5.0, left: float = 60.0, complete_url: str | None = None) -> ShowCode:
    deadline = time.monotonic() + left
    return ShowCode("WDJB-MJHT", "https://as.example/device", complete_url, deadline, pause)


def test_a_page_has_a_link_and_a_box() -> None:
    shown = as_shown(PAGE, "Example", "copy it here")
    assert (shown["link"], shown["box"], shown["notice"]) == (PAGE.url, True, "copy it here")
    assert "Example" in shown["progress"]


def test_a_password_has_boxes_of_its_own() -> None:
    shown = as_shown(PASSWORD, "Example", "copy it here")
    assert shown["credentials"]
    assert "copy it here" not in shown.values()


def test_a_pause_says_why() -> None:
    assert as_shown(Pause(REJECTION), "Example", "")["error"] == "not so"


def test_a_code_has_a_link_and_a_picture_of_it() -> None:
    shown = as_shown(code(), "Example", "")
    assert (shown["code"], shown["link"]) == ("WDJB-MJHT", "https://as.example/device")
    complete = as_shown(code(complete_url="https://as.example/device?c=1"), "Example", "")
    assert complete["link"] == "https://as.example/device?c=1"
    assert complete["address"] == shown["address"] == "https://as.example/device"
    assert shown["qr"].startswith("data:image/svg+xml")
    assert complete["qr"] != shown["qr"]


def test_only_what_was_asked_for_is_an_answer() -> None:
    assert judge(PAGE, RawAnswer("x")) == Answer("x")
    assert judge(PASSWORD, TYPED) == Answer("ada")
    assert judge(PAGE, TYPED) is None
    assert judge(PASSWORD, RawAnswer("x")) is None
    assert judge(code(), RawAnswer("x")) is None


def test_a_rejection_is_of_the_answer_before() -> None:
    assert [rejection_of(prompt) for prompt in PROMPTS] == [REJECTION, REJECTION, None]


def test_what_came_in_is_next() -> None:
    inbox: Inbox[str] = Inbox()
    for event in ("one", "two", "three"):
        inbox.put(event)
    assert [inbox.next_for(PAGE), inbox.next_for(code())] == ["one", "two"]
    assert inbox.remaining() == ["three"]
    assert inbox.remaining() == []


def test_who_empties_the_inbox_waits_for_nothing_that_somebody_else_took() -> None:
    class Raced:
        """As it looks where another thread is a moment ahead: there was something in it."""

        def empty(self) -> bool:
            return False

        def get(self, *, block: bool = True) -> str:
            assert not block, "would wait for ever, in the kernel's message handler"
            raise queue.Empty

    inbox: Inbox[str] = Inbox()
    inbox._events = Raced()  # type: ignore[assignment]
    assert inbox.remaining() == []


def test_what_was_typed_for_the_prompt_before_is_dropped() -> None:
    inbox: Inbox[object] = Inbox()
    for event in ("cancel", TYPED, TYPED, "new link"):
        inbox.put(event)
    inbox.drop(Credentials)
    assert inbox.remaining() == ["cancel", "new link"]


@pytest.mark.parametrize(("left", "is_good"), [(60.0, True), (-1.0, False)])
def test_a_code_answers_itself_after_its_pause(left: float, is_good: bool) -> None:  # noqa: FBT001 - a case
    inbox: Inbox[str] = Inbox()
    assert inbox.next_for(code(pause=0.01, left=left)) == Answer(is_good)


def test_no_answer_shows_a_secret() -> None:
    assert "the-password" not in repr(TYPED)
    assert "WDJB" not in repr(code())


def test_what_a_page_can_do_is_asked_without_a_word_more() -> None:
    asked = AskPage(time.monotonic())
    assert as_shown(asked, "Example", "") == {"progress": PREPARING}
    assert after(asked) is None


def test_where_there_is_no_page_nobody_waits_for_its_word() -> None:
    inbox: Inbox[str] = Inbox()
    assert inbox.next_for(AskPage(time.monotonic())) == Answer(None)
    inbox.put("a word")
    assert inbox.next_for(AskPage(time.monotonic() + 5)) == "a word"


def test_what_two_tabs_bring_is_judged_once() -> None:
    verdicts, seen = Verdicts(), []

    def accept(raw: RawAnswer) -> Answer[str] | Rejection:
        seen.append(raw.text)
        return Answer(raw.text, "a remark") if raw.text == "good" else REJECTION

    page: OpenPage[str] = OpenPage("https://as.example/", accept)
    outcomes, words = [], []
    for text in ("bad", "bad", "good", "good", "bad"):
        delivered = Delivered(RawAnswer(text))
        outcomes.append(verdicts.on(delivered, page))
        words.append(delivered.verdict.result(0))
    assert seen == ["bad", "good", "bad"]
    assert outcomes == [REJECTION, None, Answer("good", "a remark"), None, REJECTION]
    assert words == ["not so", "not so", "a remark", "a remark", "not so"]


def test_what_answers_no_prompt_is_told_nothing_wrong() -> None:
    delivered = Delivered(RawAnswer("good"))
    assert Verdicts().on(delivered, PASSWORD) is None
    assert delivered.verdict.result(0) is None


@pytest.mark.parametrize("prompt", [PAGE, PASSWORD, code(pause=0.01)])
def test_nobody_is_asked_on_once_whom_it_is_for_has_left(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nb_oauth.asking._LOOK_EVERY", 0.01)
    visitor = SimpleNamespace(globals={"session": 1})
    marimo = FakeMarimo(monkeypatch)
    marimo.kernel = visitor  # type: ignore[assignment]
    context = place.context_here()  # as an attempt's thread has it
    marimo.module.running_in_notebook = lambda: False
    inbox: Inbox[str] = Inbox()
    inbox.put("an answer")
    assert context.run(inbox.next_for, prompt) == "an answer"
    threading.Timer(0.05, visitor.globals.clear).start()
    with pytest.raises(LoginCancelled, match="has left"):
        context.run(asked_on, inbox, prompt)


def asked_on(inbox: Inbox[str], prompt: Prompt) -> None:
    while True:
        inbox.next_for(prompt)
