from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blocks.block import Block
from data.blobs import Blobs
from pipelines.engine import keys, plan
from pipelines.engine.keys import environment, step_key
from pipelines.engine.plan import Call, Each, From, Plan, Step, Value
from pipelines.engine.values import encode

BLOCK = Block("module.double", "1", "abc", "cpu", "bitwise", 2.0, (), ())


def step(name: str, *needs: str, **constants: Any) -> Step:
    inputs = {f"in_{n}": From(n, "out") for n in needs} | {k: Value(v) for k, v in constants.items()}
    return Step(name, Call("function", "module:double"), BLOCK, inputs, ("out",))


def chain(*steps: Step) -> Plan:
    return Plan("chain", "Chain", steps, ())


def test_the_same_inputs_give_the_same_key() -> None:
    assert step_key(BLOCK, {"a": {"value": 1}, "b": {"value": 2}}) == step_key(
        BLOCK, {"b": {"value": 2}, "a": {"value": 1}}
    )


@pytest.mark.parametrize("field", ["name", "version", "digest"])
def test_another_block_version_or_source_is_another_key(field: str) -> None:
    assert step_key(BLOCK, {}) != step_key(replace(BLOCK, **{field: "other"}), {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, True),
        (1, 1.0),
        (0, False),
        (None, ""),
        ("1", 1),
        ([1, 2], [2, 1]),
        ([], {}),
        ({"$dict": {"$blob": "x", "as": "file", "name": "a"}}, {"$dict": {"$blob": "x", "as": "file", "name": "b"}}),
    ],
)
def test_another_value_is_another_key(one: Any, other: Any) -> None:
    assert step_key(BLOCK, {"x": {"value": one}}) != step_key(BLOCK, {"x": {"value": other}})


def test_of_a_file_the_bytes_count_and_not_the_name(blobs: Blobs, tmp_path: Path) -> None:
    def key(name: str, content: str, nest: Any = lambda v: v) -> str:
        (tmp_path / name).write_text(content)
        return step_key(BLOCK, {"x": {"value": encode(nest(tmp_path / name), blobs)}})

    assert key("a.txt", "same") == key("b.txt", "same")
    assert key("a.txt", "same", lambda v: [{"deep": v}]) == key("b.txt", "same", lambda v: [{"deep": v}])
    assert key("a.txt", "same") != key("a.txt", "other")


def test_bytes_and_a_file_of_those_bytes_are_different_inputs(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert step_key(BLOCK, {"x": {"value": encode(b"x", blobs)}}) != step_key(
        BLOCK, {"x": {"value": encode(tmp_path / "a", blobs)}}
    )


def test_another_environment_is_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = step_key(BLOCK, {})
    monkeypatch.setattr(keys, "_environment_digest", lambda: "other")
    assert step_key(BLOCK, {}) != before


def test_the_environment_names_the_libraries_that_do_the_arithmetic() -> None:
    for name in ("python", "numpy", "torch", "pillow", "av", "ncnn"):
        assert name in environment()


def test_a_salt_changes_a_step_and_all_that_follows_and_nothing_else() -> None:
    graph = chain(step("a"), step("b", "a"), step("c", "b"), step("side", "a", x=1))
    before, after = graph.keys(), graph.keys({"b": "salt"})
    assert {name for name in before if before[name] != after[name]} == {"b", "c"}
    assert graph.keys({"b": "salt"}) == after


def test_the_port_and_the_way_a_list_is_taken_count() -> None:
    takes = [From("a", "out"), From("a", "other"), Each("a", "out"), Each("a", "out", "field")]
    found = set()
    for source in takes:
        graph = chain(step("a"), replace(step("b"), inputs={"x": source}))
        found.add(graph.keys()["b"])
    assert len(found) == 4


def test_the_ports_a_result_is_spread_over_count() -> None:
    """The same function under other output names gives a result that others could not use."""
    one = chain(step("a")).keys()["a"]
    assert one != chain(replace(step("a"), outputs=("renamed",))).keys()["a"]
    assert one != chain(replace(step("a"), files=frozenset({"out"}))).keys()["a"]


def test_the_name_of_a_step_does_not_count() -> None:
    assert chain(step("a", x=1)).keys()["a"] == chain(step("renamed", x=1)).keys()["renamed"]


@pytest.mark.parametrize("count", [10, 40])
def test_a_plan_costs_one_short_hash_a_step(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key is made from the keys before it, never from their history: a chain of diamonds stays linear."""
    steps = [step("s0")]
    for n in range(1, count):
        steps.append(step(f"s{n}", f"s{n - 1}", f"s{max(0, n - 2)}"))
    hashed: list[int] = []
    honest = keys.digest

    def counting(value: Any) -> str:
        hashed.append(len(repr(value)))
        return honest(value)

    monkeypatch.setattr(keys, "digest", counting)
    monkeypatch.setattr(plan, "step_key", keys.step_key)
    chain(*steps).keys()
    assert len(hashed) == count
    assert max(hashed) < 600
