"""Querying at volume: pages, many requests, tables; with any requests session.

Needs the extra ``data``, and ``on_cluster`` the extra ``dask``. Everything here takes the session
first, and a session knows nothing of what is here: one of :class:`nb_oauth.OAuth2Session` keeps
itself signed in while it is used, and any other ``requests.Session`` does as well::

    from nb_oauth import data

    for star in data.records(session, "https://api.example.com/stars"):
        ...
    measurements = data.table(session, "https://api.example.com/observations")
    pictures = data.fetch(session, addresses)
"""

from typing import TYPE_CHECKING

from nb_oauth.data.extras import require
from nb_oauth.lazy_names import lazily

if TYPE_CHECKING:
    from nb_oauth.data.cluster import on_cluster
    from nb_oauth.data.fetching import fetch
    from nb_oauth.data.pagination import pages, records
    from nb_oauth.data.tables import table

_ROOMS = {
    "fetch": "fetching",
    "on_cluster": "cluster",
    "pages": "pagination",
    "records": "pagination",
    "table": "tables",
}

_NEEDED = ("aiohttp", "jmespath", "pandas", "pyarrow", "pyrate_limiter", "tqdm")

if not TYPE_CHECKING:
    _load, __dir__ = lazily(__name__, _ROOMS)

    def __getattr__(name: str) -> object:
        if name in _ROOMS:
            require("data", *_NEEDED)
        return _load(name)


__all__ = ["fetch", "on_cluster", "pages", "records", "table"]
