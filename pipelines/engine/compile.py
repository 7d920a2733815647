"""daggr graph -> plan.

daggr is the language chains are written in; this is the only place, with the canvas, that reads its private
attributes (`tests/pipelines/engine/test_daggr_contract.py` names each). Every node kind of daggr 0.8.0 has one
short function here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from blocks.block import INJECTED, REQUIRED, Block, block_of
from blocks.errors import InputError
from data.blobs import Blobs
from pipelines.engine.code import by_value
from pipelines.engine.plan import Call, Each, From, InputInfo, Plan, Source, Step, Value
from pipelines.engine.values import encode

__all__ = ["compile_graph"]

_FILE_COMPONENTS = frozenset({"Image", "Video", "Audio", "File", "Gallery", "ImageEditor", "ImageSlider", "Model3D"})
_FORM_OPTIONS = ("label", "info", "choices", "minimum", "maximum", "step", "placeholder", "lines", "multiselect")
_OWN_ROOMS = frozenset({"blocks", "data", "enhance", "lora", "pipelines", "workbench"})
_PASS = Block("pass", "1", "", "cpu", "bitwise", 2.0, (), ())


def compile_graph(
    graph: Any, blobs: Blobs, *, name: str = "", description: str = "", choices: Mapping[str, int] | None = None
) -> Plan:
    """Read a daggr graph into a plan.

    Args:
        graph: a `daggr.Graph`.
        blobs: where files among its constants are kept.
        name: of the pipeline; the graph's own name, as an identifier, if empty.
        choices: index of the variant to take, by name of a choice node; the first if absent.

    Raises:
        InputError: the graph holds a node, an edge or a constant that cannot be run here.
    """
    _check_edges(graph)
    edges: dict[str, dict[str, Source]] = {}
    for edge in graph._edges:
        edges.setdefault(edge.target_node._name, {})[edge.target_port] = _source(edge)
    steps, inputs = [], []
    for node_name in graph.get_execution_order():
        node = graph.nodes[node_name]
        step, infos = _step(node, node_name, edges.get(node_name, {}), blobs, choices or {})
        steps.append(step)
        inputs.extend(infos)
    return Plan(name or graph.persist_key or graph.name, graph.name, tuple(steps), _named(inputs), description)


def _check_edges(graph: Any) -> None:
    """daggr's own check, in the lab's words; daggr forgets that a choice node takes what its variants take."""
    from daggr.node import ChoiceNode

    for edge in graph._edges:
        target = edge.target_node
        takes = {p for v in target._variants for p in v._input_ports} if isinstance(target, ChoiceNode) else None
        for node, port, ports, kind in (
            (edge.source_node, edge.source_port, edge.source_node._output_ports, "output"),
            (target, edge.target_port, target._input_ports if takes is None else takes, "input"),
        ):
            if port not in ports:
                known = ", ".join(ports) or "none"
                raise InputError(f"{node._name} has no {kind} {port!r}; its {kind}s are {known}.")


def _source(edge: Any) -> Source:
    if edge.is_scattered:
        return Each(edge.source_node._name, edge.source_port, edge.item_key)
    return From(edge.source_node._name, edge.source_port)


def _step(
    node: Any, name: str, wired: dict[str, Source], blobs: Blobs, choices: Mapping[str, int]
) -> tuple[Step, list[InputInfo]]:
    from daggr.node import ChoiceNode, FnNode, GradioNode, InferenceNode, InputNode, InteractionNode

    if isinstance(node, ChoiceNode):
        variant = _variant(node, name, choices.get(name, 0))
        ports = set(variant._input_ports)
        step, infos = _step(variant, name, {p: s for p, s in wired.items() if p in ports}, blobs, choices)
        missing = tuple(p for p in node._output_ports if p not in step.outputs)
        return replace(step, outputs=step.outputs + missing), infos
    if isinstance(node, FnNode):
        return _function_step(node, name, wired, blobs)
    if isinstance(node, GradioNode):
        options = {"src": node._src, "api_name": node._api_name or "/predict", "local": node._run_locally}
        return _remote_step("space", node, name, wired, blobs, options)
    if isinstance(node, InferenceNode):
        options = {"model": node._model_name_for_hub, "provider": node._provider, "task": node._task}
        return _remote_step("inference", node, name, wired, blobs, options)
    if isinstance(node, InputNode):
        return _pass_step(node, name, wired, blobs, tuple(node._output_ports), tuple(node._output_ports))
    if isinstance(node, InteractionNode):
        return _interaction_step(node, name, wired, blobs)
    raise InputError(f"{name} is a {type(node).__name__}, which this lab does not know how to run.")


def _variant(node: Any, name: str, index: Any) -> Any:
    variants = node._variants
    if not isinstance(index, int) or not 0 <= index < len(variants):
        raise InputError(f"{name} has {len(variants)} variants, counted from 0; there is no {index!r}.")
    return variants[index]


def _function_step(node: Any, name: str, wired: dict[str, Source], blobs: Blobs) -> tuple[Step, list[InputInfo]]:
    described = block_of(node._fn)
    defaults = {port.name: port.default for port in described.inputs}
    given = {*wired, *node._fixed_inputs, *node._input_components}
    ports = [p for p in dict.fromkeys([*node._input_ports, *defaults]) if p not in INJECTED]
    ports = [p for p in ports if p in defaults or p in given]  # daggr takes *args and **kwargs for ports
    sources, infos = _sources(node, name, ports, wired, blobs, defaults)
    return (
        Step(
            name=name,
            call=_call(node._fn, node._preprocess, node._postprocess),
            block=described,
            inputs=sources,
            outputs=tuple(node._output_ports),
            files=_file_ports(node),
            group=node._concurrency_group,
            limit=node._max_concurrent,
        ),
        infos,
    )


def _remote_step(
    kind: str, node: Any, name: str, wired: dict[str, Source], blobs: Blobs, options: dict[str, Any]
) -> tuple[Step, list[InputInfo]]:
    """A Space or an inference provider: its answer depends on a machine that is not ours, so it is never cached."""
    sources, infos = _sources(node, name, node._input_ports, wired, blobs, {})
    around = (node._preprocess, node._postprocess)
    payload, digest = by_value(around) if any(around) else (None, "")
    described = Block(f"daggr.{kind}:{name}", "1", "", "cpu", "close", 2.0, (), ())
    call = Call(kind, "", payload, options, digest)
    outputs = tuple(node._output_ports) or ("output",)
    return Step(name, call, described, sources, outputs, cached=False), infos


def _pass_step(
    node: Any, name: str, wired: dict[str, Source], blobs: Blobs, ports: tuple[str, ...], outputs: tuple[str, ...]
) -> tuple[Step, list[InputInfo]]:
    """A file component of an input node must be given; what else is missing passes None on, as in daggr."""
    defaults = {p: None for p in ports if p not in node._input_components}
    sources, infos = _sources(node, name, ports, wired, blobs, defaults)
    return Step(name, None, _PASS, sources, outputs), infos


def _interaction_step(node: Any, name: str, wired: dict[str, Source], blobs: Blobs) -> tuple[Step, list[InputInfo]]:
    """A person's answer is an input: what comes along the edge is what stands until somebody answers."""
    if any(isinstance(source, Each) for source in wired.values()):
        raise InputError(f"{name} asks a person, which cannot be done once an item; give it the whole list.")
    outputs = tuple(node._output_ports[:1])
    asked = {"text_input": ("Textbox", False), "image_input": ("Image", True)}.get(node._interaction_type)
    if asked is not None and not node._input_ports:
        info = InputInfo(outputs[0], name, outputs[0], None, False, *asked, {"label": node._label})
        return Step(name, None, _PASS, {outputs[0]: Value(None)}, outputs), [info]
    step, infos = _pass_step(node, name, wired, blobs, tuple(node._input_ports[:1]), outputs)
    return replace(step, choice=node._interaction_type == "choose_one"), infos


def _sources(
    node: Any, name: str, ports: Any, wired: dict[str, Source], blobs: Blobs, defaults: Mapping[str, Any]
) -> tuple[dict[str, Source], list[InputInfo]]:
    """Where each port's value comes from, in daggr's order of precedence: edge, component, constant, default."""
    sources: dict[str, Source] = {}
    infos = []
    for port in ports:
        if port in wired:
            sources[port] = wired[port]
            continue
        info = _input(node, name, port, blobs, defaults.get(port, REQUIRED))
        fixed = port in node._fixed_inputs and info.draw is None
        if not info.required:
            sources[port] = Value(info.default)
        if not fixed:
            infos.append(info)
    return sources, infos


def _input(node: Any, name: str, port: str, blobs: Blobs, default: Any) -> InputInfo:
    component = node._input_components.get(port)
    if component is not None:
        kind = type(component).__name__
        is_file = kind in _FILE_COMPONENTS
        value = getattr(component, "value", None)
        value = value["path"] if is_file and isinstance(value, dict) and "path" in value else value
        options = {o: getattr(component, o) for o in _FORM_OPTIONS if getattr(component, o, None) is not None}
        required = is_file and value is None and default is REQUIRED
        return InputInfo(port, name, port, encode(value, blobs, files=is_file), required, kind, is_file, options)
    if port in node._fixed_inputs:
        value = node._fixed_inputs[port]
        draw = value if callable(value) else None
        return InputInfo(port, name, port, None if draw else encode(value, blobs), draw=draw)
    if default is REQUIRED:
        return InputInfo(port, name, port, required=True)
    return InputInfo(port, name, port, encode(default, blobs))


def _named(inputs: list[InputInfo]) -> tuple[InputInfo, ...]:
    """A port's own name where only one step has it, else ``step.port``."""
    count: dict[str, int] = {}
    for info in inputs:
        count[info.port] = count.get(info.port, 0) + 1
    return tuple(i if count[i.port] == 1 else replace(i, name=f"{i.step}.{i.port}") for i in inputs)


def _file_ports(node: Any) -> frozenset[str]:
    components = node._output_components.items()
    return frozenset(port for port, component in components if type(component).__name__ in _FILE_COMPONENTS)


def _call(function: Callable[..., Any], before: Any, after: Any) -> Call:
    """The lab's own and installed functions go by name; everything else, and all that is wrapped, by value."""
    if before is None and after is None and _importable(function):
        return Call("function", f"{function.__module__}:{function.__qualname__}")
    payload, digest = by_value((function, before, after))
    return Call("function", "", payload, extra=digest)


def _importable(function: Callable[..., Any]) -> bool:
    module = sys.modules.get(getattr(function, "__module__", "") or "")
    found: Any = module
    for part in getattr(function, "__qualname__", "<none>").split("."):
        found = getattr(found, part, None)
    if found is not function or module is None:
        return False
    file = getattr(module, "__file__", None)
    return module.__name__.split(".")[0] in _OWN_ROOMS or (file is not None and "site-packages" in Path(file).parts)
