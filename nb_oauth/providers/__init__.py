"""What is known of a provider before anyone signs in."""

from nb_oauth.providers.known import KnownProvider, known_provider
from nb_oauth.providers.metadata import Provider

__all__ = ["KnownProvider", "Provider", "known_provider"]
