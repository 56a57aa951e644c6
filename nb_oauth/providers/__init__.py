"""What is known of a provider before anyone signs in.

:func:`known_providers` lists those that are known by name, with the scopes that people need, where
an app is registered and what to know; :func:`known_provider` makes the ``Provider`` of one.
"""

from typing import TYPE_CHECKING

from nb_oauth.lazy_names import lazily
from nb_oauth.providers.metadata import Provider

if TYPE_CHECKING:
    from nb_oauth.providers.entry import ProviderEntry
    from nb_oauth.providers.known import KnownProvider, known_provider, known_providers

__all__ = [
    "KnownProvider",
    "Provider",
    "ProviderEntry",
    "known_provider",
    "known_providers",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "KnownProvider": "known",
            "ProviderEntry": "entry",
            "known_provider": "known",
            "known_providers": "known",
        },
    )
