"""Secrets that a test plants on purpose: one of each kind for each place, all to be found there."""

from __future__ import annotations

import copy
import json
import secrets
from typing import TYPE_CHECKING

from tests.browser.harness.leaks import find_secrets
from tests.leaks.left_behind import LeftBehind, with_their_ends
from tests.leaks.places import KINDS, PLACES, Place
from tests.providers.oidc import Secret

if TYPE_CHECKING:
    from pathlib import Path

PRINTING = "print(*__import__('json').load(open({path!r}))[{name!r}])"


class Garden:
    """The secrets, and what was left with them in it.

    Attributes:
        planted: name of a place to the secrets that are meant for it, in the order of ``KINDS``.
        path: a file with the same, for programs that plant them: a source holds none.
        left: knows all of them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.planted = {
            place.name: [Secret(kind, f"+/%: {secrets.token_hex(20)}") for kind in KINDS]
            for place in PLACES
        }
        self.path = folder / "planted.json"
        values = {name: [one.value for one in all_] for name, all_ in self.planted.items()}
        self.path.write_text(json.dumps(values), encoding="utf-8")
        self.left = LeftBehind()
        self._note_all()

    @classmethod
    def again(cls, other: Garden) -> Garden:
        """The same secrets, and nothing left."""
        garden = copy.copy(other)
        garden.left = LeftBehind()
        garden._note_all()
        return garden

    def _note_all(self) -> None:
        for of_a_place in self.planted.values():
            for one in of_a_place:
                self.left.made(one.kind, one.value)

    def printing(self, place: Place) -> str:
        """A cell that prints what is meant for ``place``."""
        return PRINTING.format(path=str(self.path), name=place.name)

    def of(self, place: Place) -> str:
        """What is meant for ``place``, as one text."""
        return " ".join(one.value for one in self.planted[place.name])

    def expect_found_at(self, *places: Place) -> None:
        """Every secret planted at each of these is found there, but those that it shows."""
        found = self.left.search([])
        for place in places:
            for secret in self.planted[place.name]:
                if secret.kind not in place.shows:
                    assert found[place.name][secret.kind][1] > 0, f"{secret.kind}, {place.name}"
                    assert self._is_at(place, secret), f"{secret.kind}, {place.name}"
        told = " ".join(self.left.found)
        assert not any(one.value in told for all_ in self.planted.values() for one in all_)

    def _is_at(self, place: Place, secret: Secret) -> bool:
        texts = (text for _, text in self.left._texts[place])
        return any(find_secrets(text, with_their_ends([secret])) for text in texts)
