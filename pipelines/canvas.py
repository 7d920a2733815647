"""A chain as daggr's own canvas draws it, filled with the lab's results.

Of daggr's server only the drawing is used: its executor, its store and its routes never come to life. Like the
compiler, this is a place that reads daggr's private attributes; `tests/pipelines/test_canvas_contract.py` names each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from daggr import server
from daggr.node import ChoiceNode, InputNode, InteractionNode

from blocks.errors import InputError, UnknownName
from data.records import FileRef, StepInfo
from pipelines.canvas_layout import arrange
from pipelines.engine.plan import InputInfo
from pipelines.lab import PipelineInfo

__all__ = ["FRONT_END", "Drafts", "Drawing"]

FRONT_END = Path(server.__file__).parent / "frontend" / "dist"
"""daggr's built front end: `index.html` and `assets/`."""

Drafts = dict[str, dict[str, Any]]
"""Inputs as the canvas holds them: by node id, then by port."""

_Target = tuple[str, str, int | None]
"""A step, a port of it, and the variant in which it has this port."""

_VARIANT = "_selected_variant"
_FRESH = frozenset({"reused", "done", "skipped"})
_RENDERED = frozenset({"html", "markdown"})
"""daggr renders these as they are; what a step gave is shown as text, for it may come from a stranger's file."""
_PICTURED = frozenset({"image", "video", "audio", "file", "gallery", "model3d"})
_MEDIA = _PICTURED | {"textbox", "text", "textarea"}
_SHOWN = 20_000  # characters of one value; whoever wants more opens the run


class Drawing(server.DaggrServer):  # type: ignore[misc]
    """One chain on the canvas.

    Args:
        graph: the `daggr.Graph`.
        info: the same chain as the lab knows it.
        address: of a kept file, for the browser.
        file: the kept file at such an address; raises UnknownName for any other.
    """

    def __init__(
        self, graph: Any, info: PipelineInfo, address: Callable[[str], str], file: Callable[[str], FileRef]
    ) -> None:
        # Not super().__init__(): it would make an executor, open a database and register routes that serve any file.
        self.graph = graph
        self.info = info
        self._address, self._file = address, file
        self._infos = {(i.step, i.port): i for i in info.inputs}
        self._fields = dict(self._find_fields())

    # -- what stands on it ------------------------------------------------------------------------------------------

    def view(self, drafts: Drafts, steps: Mapping[str, StepInfo]) -> dict[str, Any]:
        """The graph as daggr's front end takes it; steps that are not fresh show nothing.

        Args:
            drafts: what was set.
            steps: by name, as they stand for exactly these inputs.
        """
        fresh = {name: self._values(name, step) for name, step in steps.items() if step.state in _FRESH}
        scattered = {name: self._items(name, steps[name]) for name in fresh if self._has_scattered_input(name)}
        data: dict[str, Any] = self._build_graph_data(
            node_results={**fresh, **scattered},
            node_statuses=dict.fromkeys(fresh, "completed"),
            input_values=drafts,
        )
        for node in data["nodes"]:
            self._finish(node, fresh.get(node["name"]))
        arrange(data["nodes"], data["edges"], {node for node, port in self._fields if port == "value"})
        drawn = [node["name"] for node in data["nodes"] if not node["is_input_node"]]
        snapshot = {"inputs": drafts, "selected_results": dict.fromkeys(drawn, 0)}
        data["persisted_results"] = {
            name: [{"result": fresh.get(name), "inputs_snapshot": snapshot if name in fresh else None}]
            for name in drawn
        }
        del data["inputs"], data["history"], data["selected_results"]
        return data

    def inputs(self, drafts: Drafts) -> tuple[dict[str, Any], dict[str, int]]:
        """What was set as inputs of the chain, and the variants that were chosen.

        Raises:
            InputError: a file that is not one of the lab's.
        """
        choices = {
            name: int(drafts.get(_id(name), {}).get(_VARIANT, 0))
            for name, node in self.graph.nodes.items()
            if isinstance(node, ChoiceNode)
        }
        inputs = {}
        for node, ports in drafts.items():
            for port, value in ports.items():
                for step, target, variant in self._fields.get((node, port), ()):
                    if variant is not None and choices.get(step) != variant:
                        continue
                    info = self._infos.get((step, target)) or InputInfo(f"{step}.{target}", step, target)
                    if value is not None or not (info.required or not info.file):
                        inputs[info.name] = self._given(info, value)
        return inputs, choices

    def known_fields(self, drafts: Drafts) -> Drafts:
        """Of what a window sent, the fields that there are."""
        chosen = {_id(name) for name, node in self.graph.nodes.items() if isinstance(node, ChoiceNode)}
        kept = {
            node: {p: v for p, v in ports.items() if (node, p) in self._fields or (p == _VARIANT and node in chosen)}
            for node, ports in drafts.items()
        }
        return {node: ports for node, ports in kept.items() if ports}

    def step(self, name: str) -> str:
        """The step of a node that can be run.

        Raises:
            UnknownName: there is none of that name.
        """
        if name not in self.info.steps:
            raise UnknownName(f"{self.info.title} has no step {name!r}; it has {', '.join(self.info.steps)}.")
        return name

    # -- fields -----------------------------------------------------------------------------------------------------

    def _find_fields(self) -> Iterator[tuple[tuple[str, str], list[_Target]]]:
        """Where each field of the canvas leads: by node id and port, to steps, ports and variants."""
        shared: dict[int, list[_Target]] = {}
        for name, node in self.graph.nodes.items():
            if isinstance(node, ChoiceNode):
                yield from _variant_fields(name, node)
                continue
            if isinstance(node, InputNode | InteractionNode):
                for port in node._output_ports:
                    yield (_id(name), port), [(name, port, None)]
            if isinstance(node, InputNode):
                continue
            for port, component in node._input_components.items():
                targets = shared.setdefault(id(component), [])  # a component that feeds several steps is drawn once
                targets.append((name, port, None))
                if len(targets) == 1:
                    yield (_id(f"{name}__{port}"), "value"), targets

    def _given(self, info: InputInfo, value: Any) -> Any:
        if not info.file or value is None:
            return value
        if isinstance(value, list):
            return [self._given(info, one) for one in value]
        address = value.get("url") if isinstance(value, dict) else value
        if not isinstance(address, str):
            raise InputError(f"{info.name} needs a file; choose it again.")
        return self._file(address)

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _file_to_url(self, value: Any) -> Any:
        """Of daggr's: it would give the address of any file on the machine. Ours are addresses already."""
        return None if isinstance(value, str) and not value.startswith(self._address("")) else value

    def _finish(self, node: dict[str, Any], values: dict[str, Any] | None) -> None:
        """What daggr leaves out: files that stand as defaults, and a place to show what has no component."""
        node.update(url=None, validation_error=None, item_list_schema=None, item_list_items=[], map_items=[])
        for component in node["input_components"]:
            self._default(node["id"], component)
            if node["name"] == "value":  # daggr's word for an input without a label
                node["name"] = component["props"]["label"] = self._fields[node["id"], "value"][0][1]
        if node["is_input_node"]:
            return
        asked = self._question(node["name"])
        if asked is not None:
            node["is_input_node"] = True
            node["input_components"] = [_field(asked)]
            return
        plan_ports = self.graph.nodes[node["name"]]._output_ports or []
        shown = {component["port_name"] for component in node["output_components"]}
        node["output_components"] += [_plain(port) for port in plan_ports if port not in shown]
        node["outputs"] = list(dict.fromkeys([*node["outputs"], *plan_ports]))
        for component in node["output_components"]:
            value = (values or {}).get(component["port_name"])
            component["props"]["interactive"] = False
            if _is_gallery(value):
                component.update(component="gallery", type="gallery")
            elif component["component"] in _RENDERED or (values is None and component["component"] not in _MEDIA):
                component.update(component="textbox", type="textbox")
            component["value"] = value

    def _question(self, name: str) -> InputInfo | None:
        """What a step asks a person, if it is one that asks and nothing leads to it."""
        node = self.graph.nodes[name]
        if not isinstance(node, InteractionNode):
            return None
        return next((info for (step, _), info in self._infos.items() if step == name), None)

    def _default(self, node: str, component: dict[str, Any]) -> None:
        for step, port, _ in self._fields.get((node, component["port_name"]), ()):
            info = self._infos.get((step, port))
            if info is not None and info.file:
                component["value"] = self._shown(info.default, component["component"])

    def _values(self, name: str, step: StepInfo) -> dict[str, Any]:
        """What a step gave, for its components; ports that got nothing are there, empty."""
        node = self.graph.nodes[name]
        kinds = {port: type(c).__name__.lower() for port, c in node._output_components.items() if c is not None}
        ports = dict.fromkeys([*(node._output_ports or []), *kinds])
        if step.state == "skipped":
            return {port: None if kinds.get(port) in _PICTURED else f"not needed: {step.note}" for port in ports}
        return {port: self._shown(step.outputs.get(port), kinds.get(port, "json")) for port in ports}

    def _items(self, name: str, step: StepInfo) -> dict[str, Any]:
        """A scattered step's outputs as daggr's server holds them."""
        lists = {port: value for port, value in step.outputs.items() if isinstance(value, list)}
        count = max((len(value) for value in lists.values()), default=0)
        rows = [{port: _word(value[i]) for port, value in lists.items() if i < len(value)} for i in range(count)]
        return {"_scattered_results": rows, "_items": []}

    def _shown(self, value: Any, component: str) -> Any:
        match value:
            case FileRef() if component == "file":
                return {"name": value.name, "size": value.size, "url": f"{self._address(value.digest)}?download=1"}
            case FileRef():
                return self._address(value.digest)
            case list() | tuple() if value and all(isinstance(one, FileRef) for one in value) and component != "file":
                if all(one.media_type.startswith("image/") for one in value):
                    return [{"image": {"url": self._address(one.digest)}, "caption": one.name} for one in value]
                return [self._shown(one, "file") for one in value]
            case list() | tuple():
                return [self._shown(one, component) for one in value]
            case dict():
                return {str(name): self._shown(one, component) for name, one in value.items()}
            case str():
                return value[:_SHOWN]
        if component in ("textbox", "text", "textarea", "markdown") and value is not None:
            return str(value)
        return value


def _variant_fields(name: str, node: Any) -> Iterator[tuple[tuple[str, str], list[_Target]]]:
    for number, variant in enumerate(node._variants):
        for port in variant._input_components:
            yield (_id(name), f"variant_{number}_{port}"), [(name, port, number)]


def _id(name: str) -> str:
    """A node's id, as daggr makes it from its name."""
    return name.replace(" ", "_").replace("-", "_")


def _plain(port: str) -> dict[str, Any]:
    props = {"label": port, "show_label": True, "interactive": False, "visible": True}
    return {"component": "json", "type": "json", "port_name": port, "props": props, "value": None}


def _field(info: InputInfo) -> dict[str, Any]:
    props = {"label": info.options.get("label") or info.port, "show_label": True, "interactive": True, "visible": True}
    kind = info.component.lower() or "textbox"
    return {"component": kind, "type": kind, "port_name": info.port, "props": props, "value": info.default}


def _is_gallery(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "image" in v for v in value)


def _word(value: Any) -> str:
    if isinstance(value, FileRef):
        return value.name
    return value if isinstance(value, str) else json.dumps(value, default=str)[:200]
