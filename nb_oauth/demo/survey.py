"""A survey of one field on the sky: five thousand stars, and a cluster hidden among them.

The stars are made up, as a satellite such as Gaia would measure them. What is hidden comes out in
the same way as in the real sky: the stars of the cluster move together, and once they are told
from the others by that, their colours and brightnesses lie on one line. Every number is computed
from a formula and a seeded generator: the same on each machine, without a network.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SURVEY_UNITS", "survey"]

SURVEY_UNITS = {
    "position": "right ascension and declination, degrees",
    "motion": "proper motion towards east and north, milliarcseconds a year",
    "parallax": "milliarcseconds, with one standard deviation; distance in parsec is 1000 / mas",
    "magnitude": "G band; smaller is brighter",
    "colour": "BP - RP, magnitudes; smaller is bluer",
    "hd": "number in the Henry Draper catalogue, for the brighter ones",
}
"""What the fields are measured in."""

_COUNT, _IN_CLUSTER = 5000, 700
_CENTRE, _RADIUS = (130.0, 19.6), 4.0  # degrees: where the Beehive stands in Cancer
_FAINTEST = 18.0
_DOUBLE, _AGED = 0.2, 0.012  # parts of the cluster's stars that are two in one, and giants
_CLUSTER_PARSECS, _CLUSTER_MOTION = 186.0, (-36.0, -12.9)
_KM_A_SECOND = 4.74  # that one astronomical unit a year is
# Colour and absolute magnitude: along the main sequence, the giants, the white dwarfs.
_DWARFS = (
    *((-0.1, 0.3), (0.1, 1.4), (0.3, 2.4), (0.6, 3.6), (0.82, 4.7), (1.2, 6.3), (1.6, 7.5)),
    *((2.0, 8.7), (2.5, 10.3), (3.0, 11.8), (3.6, 13.6)),
)
_GIANTS = ((0.95, 3.1), (1.05, 2.2), (1.18, 0.6), (1.4, -0.3), (1.8, -1.4), (2.4, -2.0))
_WHITE_DWARFS = ((-0.4, 9.9), (0.0, 11.3), (0.5, 13.0), (1.0, 14.4))
_REACH = {_DWARFS: 1200, _GIANTS: 2600, _WHITE_DWARFS: 200}  # parsec, where they are bright enough

Entry = dict[str, Any]


@cache
def survey() -> tuple[Entry, ...]:
    """Every star of the field, in the order in which the satellite came by."""
    chance = random.Random("the Beehive")  # noqa: S311 - a sky, not a secret
    stars = [_in_cluster(chance) for _ in range(_IN_CLUSTER)]
    stars += [_in_front_or_behind(chance) for _ in range(_COUNT - _IN_CLUSTER)]
    chance.shuffle(stars)
    return tuple({"id": number, **star} for number, star in enumerate(stars, start=1))


def _in_cluster(chance: random.Random) -> Entry:
    """A star of the cluster: as old, as far and as quick as all of them."""
    while True:
        colour = min(0.12 + chance.expovariate(0.75), 3.5)  # the bluest have burnt out
        absolute = _on(_DWARFS, colour) - (0.7 if chance.random() < _DOUBLE else 0)
        if chance.random() < _AGED:
            colour, absolute = chance.uniform(0.9, 1.2), chance.uniform(0.3, 1.0)
        away = abs(chance.gauss(0, 0.9)) + chance.expovariate(3)
        parsecs = _CLUSTER_PARSECS + chance.gauss(0, 4)
        motion = [each + chance.gauss(0, 0.9) for each in _CLUSTER_MOTION]
        star = _measured(chance, away, parsecs, motion, colour + chance.gauss(0, 0.01), absolute)
        if away < _RADIUS and star["magnitude"] < _FAINTEST:
            return star


def _in_front_or_behind(chance: random.Random) -> Entry:
    """Any other star, bright enough to be seen: dwarfs nearby, giants from afar."""
    while True:
        kind = chance.choices(tuple(_REACH), (100, 5, 1))[0]
        parsecs = _REACH[kind] * chance.random() ** (1 / 3)
        low, high = kind[0][0], kind[-1][0]
        colour = high - (high - low) * chance.random() ** 2.6
        if kind is _GIANTS:
            colour = min(low + abs(chance.gauss(0.24, 0.2)), high)
        absolute = _on(kind, colour) + chance.gauss(0, 0.3)
        velocity = [chance.gauss(0, 32) - 8, chance.gauss(0, 24) - 14]  # km/s
        motion = [1000 * each / _KM_A_SECOND / parsecs for each in velocity]
        away = _RADIUS * math.sqrt(chance.random())
        star = _measured(chance, away, parsecs, motion, colour, absolute)
        if star["magnitude"] < _FAINTEST:
            return star


def _measured(  # noqa: PLR0913, PLR0917 - what a star is
    chance: random.Random,
    away: float,
    parsecs: float,
    motion: Sequence[float],
    colour: float,
    absolute: float,
) -> Entry:
    """What a satellite makes of a star; of the faintest it cannot tell how far they are."""
    magnitude = absolute + 5 * math.log10(parsecs / 10) + chance.gauss(0, 0.01)
    uncertainty = 0.02 + 0.02 * math.exp(0.6 * (magnitude - 15))
    direction = chance.uniform(0, 2 * math.pi)
    declination = _CENTRE[1] + away * math.sin(direction)
    ascension = _CENTRE[0] + away * math.cos(direction) / math.cos(math.radians(declination))
    parallax = round(1000 / parsecs + chance.gauss(0, uncertainty), 3)
    east, north = (round(each + chance.gauss(0, uncertainty), 3) for each in motion)
    is_known = magnitude < 17.6 or chance.random() < 0.5  # noqa: PLR2004 - nearly too faint
    return {
        "position": {"ra": round(ascension, 5), "dec": round(declination, 5)},
        "motion": {"east": east, "north": north},
        "parallax": {"mas": parallax, "uncertainty": round(uncertainty, 3)} if is_known else None,
        "magnitude": round(magnitude, 3),
        "colour": round(colour, 3),
        "hd": 70000 + chance.randrange(8000) if magnitude < 9.5 else None,  # noqa: PLR2004 - theirs
    }


def _on(line: Sequence[tuple[float, float]], at: float) -> float:
    """Return what a line through points comes to between them, and beyond them."""
    place = min(max(bisect_left(line, (at,)), 1), len(line) - 1)
    (before, low), (after, high) = line[place - 1 : place + 1]
    return low + (high - low) * (at - before) / (after - before)
