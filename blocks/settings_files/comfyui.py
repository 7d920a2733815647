"""ComfyUI writes the graph that was run: nodes by id, each with its class and inputs, an input a value or a link.

    {"3": {"class_type": "KSampler", "inputs": {"seed": 42, "steps": 20, "positive": ["6", 0], ...}}, ...}

There are thousands of node classes, so links are followed by the names of inputs and few classes are known by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from blocks.settings_files.found import Collector, Found

__all__ = ["read"]

MOST_NODES = 5000
DEEPEST = 60
"""Links followed from a node; a graph may also go round in a circle."""

SAMPLER_INPUTS = frozenset({"latent_image", "positive", "guider"})
TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl", "prompt", "string", "value", "positive_prompt")
NOT_WORDS = frozenset({"clip", "model", "vae", "image", "pixels", "control_net", "mask", "style_model", "clip_vision"})


def read(text: str) -> Found | None:
    """The settings of the graph's last sampler, or None if it is no graph with one."""
    try:
        nodes = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(nodes, dict) or len(nodes) > MOST_NODES:
        return None
    graph = _Graph({str(name): node for name, node in nodes.items() if _is_node(node)})
    samplers = graph.samplers()
    if not samplers:
        return None
    found = Collector()
    _read_sampler(graph, samplers[0], found)
    if len(samplers) > 1:
        found.notes.append(f"The graph has {len(samplers)} samplers; the settings are those of the last.")
    return found.found("comfyui")


def _is_node(node: object) -> bool:
    return isinstance(node, dict) and isinstance(node.get("inputs"), dict) and isinstance(node.get("class_type"), str)


@dataclass(frozen=True, slots=True)
class _Graph:
    nodes: dict[str, dict[str, Any]]

    def inputs(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.nodes[name]["inputs"]
        return found

    def link(self, name: str, port: str) -> str | None:
        """The node that an input comes from."""
        value = self.inputs(name).get(port)
        if isinstance(value, list) and len(value) == 2 and str(value[0]) in self.nodes:
            return str(value[0])
        return None

    def back(self, starts: Sequence[str], not_through: frozenset[str] = frozenset()) -> Iterator[str]:
        """Every node that leads to some, the nearest first."""
        seen, row = set(starts), list(starts)
        for _ in range(DEEPEST):
            yield from row
            ahead: list[str] = []
            for name in row:
                for port in self.inputs(name):
                    source = None if port in not_through else self.link(name, port)
                    if source is not None and source not in seen:
                        seen.add(source)
                        ahead.append(source)
            row = ahead

    def samplers(self) -> list[str]:
        """The nodes that sample; the one nearest to what is saved first."""
        ends = [name for name, node in self.nodes.items() if node["class_type"] in ("SaveImage", "PreviewImage")]
        order = dict.fromkeys([*self.back(ends), *reversed(self.nodes)])
        return [name for name in order if self._samples(name)]

    def _samples(self, name: str) -> bool:
        return "Sampler" in self.nodes[name]["class_type"] and bool(SAMPLER_INPUTS & self.inputs(name).keys())

    def value(self, name: str, *ports: str) -> Any:
        """A plain value of the first of these inputs, wherever it is linked from."""
        for port in ports:
            value = self.inputs(name).get(port)
            source = self.link(name, port)
            if source is not None:
                value = next((found for one in self.back([source]) if (found := self._plain(one)) is not None), None)
            if isinstance(value, str | int | float):
                return value
        return None

    def _plain(self, name: str) -> Any:
        inputs = self.inputs(name)
        known = (inputs.get(port) for port in ("seed", "noise_seed", "value", "int", "float", "number", "string"))
        return next((value for value in known if isinstance(value, str | int | float)), None)

    def along(self, starts: Sequence[str | None], *ports: str) -> Any:
        """The first plain value of one of these inputs, on the way back from some nodes."""
        for name in self.back([start for start in starts if start is not None]):
            found = self.value(name, *(port for port in ports if port in self.inputs(name)))
            if found is not None:
                return found
        return None


def _read_sampler(graph: _Graph, sampler: str, found: Collector) -> None:
    parts = [sampler, *(graph.link(sampler, port) for port in ("noise", "guider", "sampler", "sigmas"))]
    own = [name for name in parts if name is not None]

    def near(*ports: str) -> Any:
        return next((value for name in own if (value := graph.value(name, *ports)) is not None), None)

    found.number("seed", near("seed", "noise_seed"))
    found.number("steps", near("steps"))
    found.number("guidance", near("cfg"))
    found.sampler(near("sampler_name"), near("scheduler"))
    for name in own:
        for port, ours in (("positive", "prompt"), ("conditioning", "prompt"), ("negative", "negative")):
            words = _words(graph, graph.link(name, port), ours)
            if words and ours not in found.settings:
                found.text(ours, words)
        guided = graph.along([graph.link(name, "positive"), graph.link(name, "conditioning")], "guidance")
        if guided is not None:
            found.number("guidance", guided)
    _read_model(graph, own, found)
    _read_start(graph, sampler, near("denoise"), found)


def _words(graph: _Graph, start: str | None, ours: str) -> str:
    """The nearest text on a way, without turning into the other prompt's way."""
    other = "negative" if ours == "prompt" else "positive"
    for name in graph.back([start] if start is not None else [], NOT_WORDS | {other}):
        texts = [value for port in TEXTS if isinstance(value := graph.inputs(name).get(port), str) and value.strip()]
        if texts:
            return "\n".join(dict.fromkeys(texts))
    return ""


def _read_model(graph: _Graph, own: Sequence[str], found: Collector) -> None:
    start = next((link for name in own if (link := graph.link(name, "model")) is not None), None)
    for name in graph.back([start] if start is not None else [], frozenset({"clip", "vae"})):
        inputs = graph.inputs(name)
        if isinstance(inputs.get("lora_name"), str):
            found.lora(inputs["lora_name"], inputs.get("strength_model", 1.0))
        named = next((inputs[port] for port in ("ckpt_name", "unet_name") if isinstance(inputs.get(port), str)), "")
        if named and "model" not in found.settings:
            found.text("model", named.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or named, 200)


def _read_start(graph: _Graph, sampler: str, denoise: Any, found: Collector) -> None:
    """The size of an empty latent; or that it was started from a picture."""
    start = graph.link(sampler, "latent_image")
    for name in graph.back([start] if start is not None else [], frozenset({"vae", "model", "clip"})):
        kind, inputs = graph.nodes[name]["class_type"], graph.inputs(name)
        if "LoadImage" in kind:
            found.number("strength", denoise)
            found.notes.append(f"It was started from the picture {str(inputs.get('image'))[:80]!r}, not in the file.")
            return
        if "width" in inputs and "height" in inputs and "Latent" in kind:
            for side in ("width", "height"):
                found.number(side, graph.value(name, side))
            return
