"""A plan: a chain with its inputs bound, ready to be run, every step with its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from blocks.block import Block
from blocks.errors import InputError, UnknownName
from pipelines.engine.keys import step_key

__all__ = ["Call", "Each", "From", "InputInfo", "Plan", "Source", "Step", "Value", "after", "bind", "feeding"]


@dataclass(frozen=True, slots=True)
class Value:
    """An input that is a constant, as a wire value."""

    value: Any


@dataclass(frozen=True, slots=True)
class From:
    """An input that another step gives; of a scattered step, the list of all its items' outputs."""

    step: str
    port: str


@dataclass(frozen=True, slots=True)
class Each:
    """An input that is one item of a list another step gives; the step runs once an item.

    Attributes:
        field: of items that are dicts, the entry to hand over; None hands over the item.
    """

    step: str
    port: str
    field: str | None = None


Source = Value | From | Each


@dataclass(frozen=True, slots=True)
class Call:
    """How a worker finds the function of a step.

    Attributes:
        kind: "function", or "space" and "inference" for daggr's remote nodes.
        target: ``module:qualname``, or "" when the function travels by value.
        payload: the function by value (cloudpickle), for notebooks and researchers' files.
        options: what a remote call needs (address, endpoint, task).
        arguments: how values are handed over: by port names alone.
        extra: digest of pre- and postprocessing code, for the key.
    """

    kind: str
    target: str
    payload: bytes | None = None
    options: dict[str, Any] = field(default_factory=dict)
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan.

    Attributes:
        call: None for a step that only passes its inputs on (an input node, a person's choice).
        outputs: port names in the order of what the function returns.
        choice: passes one thing on: of a list that nobody has chosen from, the first.
        files: output ports whose plain strings are file names.
        group, limit: steps of one group run at most `limit` at a time (daggr's concurrency groups).
        cached: False for remote calls, whose results cannot be proved from their inputs.
    """

    name: str
    call: Call | None
    block: Block
    inputs: Mapping[str, Source]
    outputs: tuple[str, ...]
    files: frozenset[str] = frozenset()
    group: str | None = None
    limit: int = 1
    cached: bool = True
    choice: bool = False

    def around(self, gpu: bool) -> str:
        """What joins the block in the key: the code around it, its output ports, and whether a GPU does the work."""
        code = self.call.extra if self.call else str(self.choice)
        place = ("gpu",) if gpu and self.block.device != "cpu" else ()
        return ";".join((code, ",".join(self.outputs), ",".join(sorted(self.files)), *place))

    def handed_on(self) -> list[tuple[str, Source]]:
        """Of a step that only passes on: what comes out of each port (by name; a person's choice has but one)."""
        alone = list(self.inputs.values())[:1] if len(self.outputs) == 1 else []
        pairs = [(port, self.inputs.get(port) or next(iter(alone), None)) for port in self.outputs]
        return [(port, source) for port, source in pairs if source is not None]

    def lacks(self, left_out: Mapping[str, str]) -> str:
        """Why it has nothing to work on; "" if it has. A port that is None by default can do without.

        Args:
            left_out: steps that gave nothing because they were not needed, and why.
        """
        without = {port.name for port in self.block.inputs if port.default is None}
        for port, source in self.inputs.items():
            if isinstance(source, Value) or (isinstance(source, From) and port in without):
                continue
            if source.step in left_out:
                return left_out[source.step]
        return ""

    @property
    def scattered(self) -> bool:
        """Whether it runs once an item of a list."""
        return any(isinstance(source, Each) for source in self.inputs.values())

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the steps it takes from, each once."""
        return tuple(dict.fromkeys(s.step for s in self.inputs.values() if not isinstance(s, Value)))


@dataclass(frozen=True, slots=True)
class InputInfo:
    """One thing a person can set on a chain.

    Attributes:
        name: how it is given: the port's name, or ``step.port`` where several steps have such a port.
        default: wire value; `required` if there is none.
        component: Gradio's class name ("Image", "Slider"), for building a form.
        options: what the form needs (choices, minimum, maximum, step, label, info).
        draw: a callable input, drawn anew for each submission (a random seed).
    """

    name: str
    step: str
    port: str
    default: Any = None
    required: bool = False
    component: str = ""
    file: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    draw: Callable[[], Any] | None = None


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which every step follows those it needs.

    Attributes:
        ends: the outputs, as (step, port), that no step takes: they are what the chain is for.
        results: names of the steps that have one.
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    inputs: tuple[InputInfo, ...]
    description: str = ""

    def step(self, name: str) -> Step:
        """The step of that name.

        Raises:
            UnknownName: there is none; the message lists those there are.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise UnknownName(f"{self.title} has no step {name!r}; it has {', '.join(s.name for s in self.steps)}.")

    def source(self, step: Step, port: str) -> Source:
        """Where a port's value really comes from.

        An input node hands on what it was given and leaves no trace in a key. A constant number is of the port's
        type: a page, a canvas and a program may write 1 or 1.0 and mean the same.
        """
        source = step.inputs[port]
        if isinstance(source, From):
            source = self._handed_on.get((source.step, source.port), source)
        return Value(_number(source.value, step.block, port)) if isinstance(source, Value) else source

    @cached_property
    def _handed_on(self) -> dict[tuple[str, str], Source]:
        found: dict[tuple[str, str], Source] = {}
        for step in self.steps:
            if step.call is None and not step.choice and not step.scattered:
                for port, source in step.handed_on():
                    known = (source.step, source.port) if isinstance(source, From) else None
                    found[step.name, port] = found.get(known, source) if known else source
        return found

    @property
    def ends(self) -> frozenset[tuple[str, str]]:
        sources = [s for step in self.steps for s in step.inputs.values() if not isinstance(s, Value)]
        taken = {(source.step, source.port) for source in sources}
        working = [step for step in self.steps if step.call is not None] or self.steps
        return frozenset((step.name, port) for step in working for port in step.outputs) - taken

    @property
    def results(self) -> tuple[str, ...]:
        having = {step for step, _ in self.ends}
        return tuple(step.name for step in self.steps if step.name in having)

    def keys(self, salts: Mapping[str, str] | None = None, *, gpu: bool = False) -> dict[str, str]:
        """Key of every step; of a scattered one, of the whole list.

        Args:
            gpu: whether the machine has one, so that blocks that can use it will.
        """
        salts = salts or {}
        keys: dict[str, str] = {}
        for step in self.steps:
            inputs = {port: _in_key(self.source(step, port), keys) for port in step.inputs}
            keys[step.name] = step_key(step.block, inputs, salts.get(step.name, ""), step.around(gpu))
        return keys


def bind(plan: Plan, given: Mapping[str, Any]) -> Plan:
    """The plan with inputs set.

    Args:
        given: wire values by input name; also ``step.port`` for any port of a step, which then no longer follows
            its edge.

    Raises:
        InputError: a required input is missing.
        UnknownName: there is no such input.
    """
    by_name = {info.name: (info.step, info.port) for info in plan.inputs}
    replaced: dict[str, dict[str, Source]] = {}
    for name, value in given.items():
        step, port = by_name.get(name) or _port(plan, name)
        replaced.setdefault(step, {})[port] = Value(value)
    for info in plan.inputs:
        if info.required and info.port not in replaced.get(info.step, {}):
            raise InputError(f"{plan.title} needs {info.name!r}; give it, for example {info.name}=...")
    steps = tuple(_with_inputs(s, replaced[s.name]) if s.name in replaced else s for s in plan.steps)
    return replace(plan, steps=steps)


def _with_inputs(step: Step, given: Mapping[str, Source]) -> Step:
    """The step with inputs set; those of a pass-through step stay in the order in which it hands them on."""
    inputs = {**step.inputs, **given}
    if step.call is None:
        inputs = {port: inputs[port] for port in [*step.outputs, *inputs] if port in inputs}
    return replace(step, inputs=inputs)


def feeding(plan: Plan, targets: Iterable[str]) -> set[str]:
    """Names of the targets and of everything they are made from."""
    wanted = set(targets)
    for step in reversed(plan.steps):
        if step.name in wanted:
            wanted.update(step.needs)
    return wanted


def after(plan: Plan, start: str) -> set[str]:
    """Names of a step and of everything made from it."""
    found = {start}
    for step in plan.steps:
        if found.intersection(step.needs):
            found.add(step.name)
    return found


def _port(plan: Plan, name: str) -> tuple[str, str]:
    owner, _, port = name.rpartition(".")
    step = next((s for s in plan.steps if s.name == owner), None)
    if step is not None:
        ports = dict.fromkeys((*step.inputs, *(i.port for i in plan.inputs if i.step == owner)))
        if port in ports:
            return owner, port
        raise UnknownName(
            f"{owner} of {plan.title} has no input {port!r}; its inputs are {', '.join(ports) or 'none'}."
        )
    names = ", ".join(info.name for info in plan.inputs) or "none"
    raise UnknownName(f"{plan.title} has no input {name!r}; its inputs are {names}.")


def _number(value: Any, block: Block, port: str) -> Any:
    if type(value) not in (int, float):
        return value
    wanted = next((known.type for known in block.inputs if known.name == port), None)
    if wanted is float:
        return float(value)
    return int(value) if wanted is int and float(value).is_integer() else value


def _in_key(source: Source, keys: Mapping[str, str]) -> Any:
    match source:
        case Value(value):
            return {"value": value}
        case From(step, port):
            return {"key": keys[step], "port": port}
        case Each(step, port, field_name):
            return {"each": keys[step], "port": port, "field": field_name}
