"""Who is asked: a surface shows what a prompt asks and brings back what was answered.

A surface knows no OAuth. It is told what to show, and reports what the person did.
"""

from nb_oauth.surfaces.choosing import surface_for
from nb_oauth.surfaces.contract import (
    Appeared,
    Cancelled,
    Event,
    NewLinkWanted,
    Registration,
    RenewWanted,
    SignOutWanted,
    Status,
    Surface,
    View,
)

__all__ = [
    "Appeared",
    "Cancelled",
    "Event",
    "NewLinkWanted",
    "Registration",
    "RenewWanted",
    "SignOutWanted",
    "Status",
    "Surface",
    "View",
    "surface_for",
]
