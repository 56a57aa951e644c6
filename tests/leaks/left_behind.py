"""What a test leaves at each place where others could read it, and the search of all that."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.harness.leaks import forms_of
from tests.leaks import issued
from tests.leaks.places import MOMENTS, PLACES, Place
from tests.providers.oidc import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONG_ENOUGH = 8  # characters, that are nowhere by chance


class LeftBehind:
    """All that there is to read, place by place; and the secrets of the run to search it for.

    Also of what demo providers issue from when this is made on.

    Attributes:
        found: what the search has found; never a value.
        moments: of those in ``MOMENTS``, where the sign-ins of the test had come to.
    """

    def __init__(self) -> None:
        self._since = issued.mark()
        self.found: list[str] = []
        self.moments: list[str] = []
        self._texts: dict[Place, list[tuple[str, str]]] = defaultdict(list)
        self._made: list[Secret] = []

    def made(self, kind: str, value: str) -> None:
        """Note a secret that no provider knows of."""
        self._made.append(Secret(kind, value))

    @property
    def has_secrets(self) -> bool:
        """Whether there are any but the judge's."""
        return bool(self._made or issued.secrets(self._since))

    @property
    def has_anything(self) -> bool:
        """Whether there is anything to search."""
        return bool(self._texts)

    def at(self, moment: str) -> None:
        """Note how far a sign-in of the test had come when it left what it has."""
        assert moment in MOMENTS, moment
        self.moments.append(moment)

    def leave(self, place: Place, text: str, what: str = "all of it") -> None:
        """Note what can be read at ``place``.

        Args:
            place: where.
            text: all of it.
            what: which of several, such as the name of a file.
        """
        self._texts[place].append((what, text))

    def leave_files(
        self,
        place: Place,
        folder: Path,
        *,
        apart_from: Iterable[Path] = (),
        since: float | None = None,
    ) -> None:
        """Note each file in a folder, and its name, apart from some and what is in them.

        Args:
            place: where others find them.
            folder: where they are.
            apart_from: files or folders.
            since: a time as files have it; what was there before, and is as it was, is not read.
        """
        others = set(apart_from)
        paths = [one for one in sorted(folder.rglob("*")) if not others & {one, *one.parents}]
        self.leave(place, "\n".join(map(str, paths)), "the names of files")
        for path in filter(Path.is_file, paths):
            if since is None or path.stat().st_mtime >= since:
                content = path.read_bytes().decode("latin-1")
                self.leave(place, content, str(path.relative_to(folder)))

    def search(self, secrets: Iterable[Secret]) -> dict[str, dict[str, tuple[int, int]]]:
        """Search every place for all secrets but those that it shows on purpose.

        Returns:
            Place → kind → how many were searched for, and how many found.
        """
        known = list(dict.fromkeys([*secrets, *self._made, *issued.secrets(self._since)]))
        return {place.name: self._search(place, known) for place in PLACES if self._texts[place]}

    def _search(self, place: Place, known: list[Secret]) -> dict[str, tuple[int, int]]:
        wanted = [one for one in known if one.kind not in place.shows]
        found: Counter[str] = Counter()
        for secret in wanted:
            forms = {
                form: name
                for one in with_their_ends([secret])
                for form, name in forms_of(one.value).items()
            }
            told = [
                f"{place.name}, {what}: {secret.kind}, {names[0]}"
                for what, text in self._texts[place]
                if (names := [name for form, name in forms.items() if form in text])
            ]
            found[secret.kind] += bool(told)
            self.found += told
        looked = Counter(secret.kind for secret in wanted)
        return {kind: (count, found[kind]) for kind, count in looked.items()}


def with_their_ends(secrets: Iterable[Secret]) -> Iterator[Secret]:
    """Also what comes after the last space: letters and digits, which every encoding leaves be."""
    for secret in secrets:
        yield secret
        end = secret.value.rpartition(" ")[2]
        if end != secret.value and len(end) >= _LONG_ENOUGH:
            yield Secret(secret.kind, end)
