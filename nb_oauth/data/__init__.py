"""Querying at volume, with any requests session: the session knows nothing of what is here.

Needs the extra ``data``.
"""

__all__: list[str] = []
