"""The notebook that a front end would save of what a kernel has said, with and without widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbformat import NotebookNode

Message = dict[str, Any]
STATE = "application/vnd.jupyter.widget-state+json"
_OUTPUTS = ("display_data", "execute_result", "stream", "error")


def notebook_of(said: Iterable[Message], *, widget_state: bool) -> NotebookNode:
    """Make the notebook as front ends do, message by message.

    Args:
        said: what came on iopub.
        widget_state: whether what widgets are made of is saved as well.
    """
    saving = _Saving()
    for message in said:
        saving.take(message["msg_type"], message["content"], message["parent_header"])
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(outputs=outputs, execution_count=number)
            for number, outputs in enumerate(saving.outputs.values(), 1)
        ]
    )
    if widget_state:
        state = {"version_major": 2, "version_minor": 0, "state": saving.models}
        notebook.metadata.widgets = {STATE: state}
    nbformat.validate(notebook)
    return notebook


class _Saving:
    """What is to be saved so far: the outputs of each cell, and the state of each widget."""

    def __init__(self) -> None:
        self.outputs: dict[str, list[NotebookNode]] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self._shown: dict[str, list[NotebookNode]] = {}  # by the display's identifier

    def take(self, kind: str, content: Message, parent: Message) -> None:
        """Take a message."""
        if kind in _OUTPUTS:
            self._take_output(kind, content, parent.get("msg_id", ""))
        elif kind == "update_display_data":
            for output in self._shown.get(content["transient"].get("display_id"), []):
                output.update(nbformat.from_dict(_only(content, "data", "metadata")))
        elif kind in {"comm_open", "comm_msg"}:
            self._take_state(content)
        elif kind == "clear_output":
            self.outputs.pop(parent.get("msg_id", ""), None)

    def _take_output(self, kind: str, content: Message, cell: str) -> None:
        known = {one: value for one, value in content.items() if one != "transient"}
        output = nbformat.v4.new_output(kind, **known)
        self.outputs.setdefault(cell, []).append(output)
        identifier = content.get("transient", {}).get("display_id")
        if identifier:
            self._shown.setdefault(identifier, []).append(output)

    def _take_state(self, content: Message) -> None:
        """As the widgets' manager in a browser keeps it: custom messages are none of it."""
        state = content["data"].get("state")
        if not isinstance(state, dict):
            return
        empty = {"model_name": "AnyModel", "model_module": "anywidget", "state": {}}
        self.models.setdefault(content["comm_id"], empty)["state"].update(state)


def _only(content: Message, *names: str) -> Message:
    return {name: content[name] for name in names if name in content}
