"""A notebook's process that sends its session to a cluster, for a test that kills it."""

from __future__ import annotations

import sys

from distributed import Client, Event, Variable, fire_and_forget

from nb_oauth import LoginRequired
from nb_oauth.data.cluster import on_cluster
from tests.unit import dask_work
from tests.unit.short_lived_tokens import open_at

PATIENCE = 1.0  # seconds


def main(address: str, issuer: str, life: str) -> None:
    """Print the name of the variable in which a worker will say what has become of it."""
    with Client(address) as client:
        session = open_at(issuer, float(life))
        there = on_cluster(session, client, patience=PATIENCE).session
        told = Variable(client=client)
        url = f"{issuer}/records/0"
        task = client.submit(dask_work.note_when, told.name, LoginRequired, there, url)
        fire_and_forget(task)
        Event(told.name, client=client).wait(timeout=30)
        print(told.name, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
