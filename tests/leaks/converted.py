"""What nbconvert makes of a saved notebook: a page that anybody reads, with no kernel."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import nbformat

if TYPE_CHECKING:
    from nbconvert import HTMLExporter


@functools.cache
def _exporter() -> HTMLExporter:
    from nbconvert import HTMLExporter  # it takes a second

    return HTMLExporter()


def as_page(saved: str) -> str:
    """Return the page, as ``jupyter nbconvert --to html`` writes it.

    Args:
        saved: the notebook's file. It must be valid.
    """
    notebook = nbformat.reads(saved, as_version=4)
    nbformat.validate(notebook)
    page: str = _exporter().from_notebook_node(notebook)[0]
    return page
