"""Five variable stars, and six years of nights on which somebody looked at them.

The stars are made up, but each behaves as a real kind of star does, and bears the name of
whoever first understood or found that kind. Nights are lost to weather and to the season in
which the star stands behind the Sun, as everywhere. Every number is computed from a formula
and a seeded generator: the same on each machine, without a network.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FIRST_NIGHT", "LAST_NIGHT", "STARS", "UNITS", "Observation", "Star", "observations"]

FIRST_NIGHT = datetime(2019, 1, 1, tzinfo=timezone.utc)
LAST_NIGHT = datetime(2024, 12, 31, tzinfo=timezone.utc)
_JULIAN_DATE_OF_FIRST_NIGHT = 2458484.5  # midnight at the beginning of 2019-01-01, UTC

UNITS = {
    "time": "UTC, ISO 8601",
    "jd": "Julian date, days",
    "magnitude": "V band; smaller is brighter",
    "uncertainty": "one standard deviation, magnitudes",
    "period_days": "days",
    "epoch_jd": "Julian date of phase 0, days",
}
"""What the fields are measured in."""

Observation = dict[str, "int | float | str"]


@dataclass(frozen=True)
class Star:
    """A variable star of the catalogue.

    Attributes:
        id: its name in the API.
        name: its name as people write it.
        kind: the class of variable stars it belongs to.
        about: why its brightness varies, in a sentence.
        period_days: how long one cycle takes.
        epoch_jd: a Julian date of phase 0.
        season: the day of the year on which it stands opposite the Sun: best seen.
        shape: magnitude as a function of the phase (0 to 1) and of the days since the epoch.
    """

    id: str
    name: str
    kind: str
    about: str
    period_days: float
    epoch_jd: float
    season: int
    shape: Callable[[float, float], float]

    def magnitude(self, jd: float) -> float:
        """Its true magnitude at a Julian date."""
        days = jd - self.epoch_jd
        return self.shape(days / self.period_days % 1.0, days)


def _dip(phase: float, centre: float, width: float) -> float:
    """A smooth eclipse: 1 in its middle, 0 outside."""
    distance = abs((phase - centre + 0.5) % 1.0 - 0.5)
    return math.exp(-((distance / width) ** 4))


def _eclipsing(phase: float, _days: float) -> float:
    glow = 0.03 * math.cos(4 * math.pi * phase)  # the fainter star lights up its neighbour's side
    return 2.12 + glow + 1.22 * _dip(phase, 0.0, 0.042) + 0.17 * _dip(phase, 0.5, 0.042)


def _contact(phase: float, _days: float) -> float:
    return (
        7.92
        + 0.33 * (1 - math.pow(abs(math.sin(2 * math.pi * phase)), 1.4))
        + 0.05 * _dip(phase, 0, 0.1)
    )


def _sawtooth(phase: float, rise: float) -> float:
    """From 1 down to -1 slowly, and up again within ``rise`` of a cycle; brief at the top."""
    warped = phase / (1 - rise) * 0.5 if phase < 1 - rise else 0.5 + (phase - 1 + rise) / rise * 0.5
    return 2 * math.pow((1 + math.cos(2 * math.pi * warped)) / 2, 1.5) - 1


def _cepheid(phase: float, _days: float) -> float:
    return 3.92 - 0.42 * _sawtooth(phase, 0.29)


def _rr_lyrae(phase: float, days: float) -> float:
    # Every forty days the amplitude swells and shrinks: the Blazhko effect, not understood yet.
    swell = 1 + 0.28 * math.sin(2 * math.pi * days / 40.8)
    return 7.74 - 0.38 * swell * _sawtooth(phase, 0.16)


def _long_period(phase: float, days: float) -> float:
    # No two maxima of such a star are alike.
    whim = 0.55 * math.sin(days / 331.96 * 1.9 + 0.4) + 0.35 * math.sin(days / 331.96 * 4.3)
    wave = _sawtooth(phase, 0.38)
    return 6.4 - 2.6 * wave - whim * (wave + 1) / 2


STARS = {
    star.id: star
    for star in (
        Star(
            "goodricke",
            "Goodricke’s Star",
            "eclipsing binary",
            "Two stars circle one another; each in turn hides the other. John Goodricke "
            "explained Algol so in 1783, when he was eighteen.",
            2.86731,
            2458486.213,
            325,
            _eclipsing,
        ),
        Star(
            "leavitt",
            "Leavitt’s Star",
            "Cepheid",
            "A giant that breathes. Henrietta Leavitt found in 1908 that the slower such a star "
            "pulsates, the brighter it is, and so gave astronomy its yardstick.",
            5.36627,
            2458487.901,
            270,
            _cepheid,
        ),
        Star(
            "fleming",
            "Fleming’s Star",
            "RR Lyrae",
            "An old star, pulsating nearly twice a day; its swing swells and fades in forty days. "
            "Williamina Fleming found RR Lyrae on photographic plates by 1901.",
            0.56686,
            2458485.077,
            200,
            _rr_lyrae,
        ),
        Star(
            "kempf",
            "Kempf’s Star",
            "contact binary",
            "Two stars so close that they share one surface. Gustav Müller and Paul Kempf "
            "described the first, W Ursae Majoris, in 1903.",
            0.33364,
            2458485.310,
            95,
            _contact,
        ),
        Star(
            "fabricius",
            "Fabricius’s Star",
            "Mira",
            "A red giant near its end, a hundred times brighter in one season than in the next. "
            "David Fabricius noticed Mira in 1596: the first star of its kind on record.",
            331.96,
            2458560.0,
            300,
            _long_period,
        ),
    )
}
"""The catalogue, by ID."""


@cache
def observations(star_id: str) -> tuple[Observation, ...]:
    """Every observation of one star, oldest first.

    Args:
        star_id: a key of :data:`STARS`.

    Returns:
        Mappings with ``id``, ``star``, ``time``, ``jd``, ``magnitude`` and ``uncertainty``.
    """
    star = STARS[star_id]
    chance = random.Random(f"the sky over {star_id}")  # noqa: S311 - weather, not a secret
    number = 1 + 10_000 * list(STARS).index(star_id)
    return tuple(
        _observation(star, number + count, jd, chance)
        for count, jd in enumerate(_visits(star, chance))
    )


def _observation(star: Star, number: int, jd: float, chance: random.Random) -> Observation:
    truth = star.magnitude(jd)
    uncertainty = (0.008 + 0.0022 * max(truth, 0.0)) * (0.8 + 0.6 * chance.random())
    noise = uncertainty * (sum(chance.random() for _ in range(12)) - 6)
    when = FIRST_NIGHT + timedelta(days=jd - _JULIAN_DATE_OF_FIRST_NIGHT)
    return {
        "id": number,
        "star": star.id,
        "time": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "jd": round(jd, 5),
        "magnitude": round(truth + noise, 3),
        "uncertainty": round(uncertainty, 3),
    }


def _visits(star: Star, chance: random.Random) -> Iterator[float]:
    """The Julian dates on which somebody looked: clear nights in the star's season."""
    is_clear = True
    for night in range((LAST_NIGHT - FIRST_NIGHT).days):
        # A clear night follows a clear one more often than a cloudy one.
        is_clear = chance.random() < (0.78 if is_clear else 0.35)
        if is_clear and _is_up(star, night):
            midnight = _JULIAN_DATE_OF_FIRST_NIGHT + night + 1
            visits = 1 + int(chance.random() * 3.4)
            yield from sorted(midnight + (chance.random() - 0.5) * 0.36 for _ in range(visits))


def _is_up(star: Star, night: int) -> bool:
    days_off = abs((night - star.season + 182.6) % 365.25 - 182.6)
    return days_off < 128  # noqa: PLR2004 - days on each side of the best night
