from __future__ import annotations

import pytest

from blocks.block import Block, Device, Port
from blocks.errors import InputError, UnknownName
from pipelines.engine.plan import Call, Each, From, InputInfo, Plan, Step, Value, after, bind, feeding

BLOCK = Block("module.f", "1", "", "cpu", "bitwise", 2.0, (), ())
CALL = Call("function", "module:f")


@pytest.fixture
def diamond() -> Plan:
    """source -> left, right -> join; and one step of its own"""
    return Plan(
        "diamond",
        "Diamond",
        (
            Step("source", CALL, BLOCK, {"x": Value(None), "n": Value(3)}, ("out",)),
            Step("left", CALL, BLOCK, {"x": From("source", "out")}, ("out",)),
            Step("right", CALL, BLOCK, {"x": Each("source", "out"), "n": Value(1)}, ("out",)),
            Step("join", CALL, BLOCK, {"a": From("left", "out"), "b": From("right", "out")}, ("out",)),
            Step("alone", CALL, BLOCK, {}, ("out",)),
        ),
        (
            InputInfo("x", "source", "x", required=True),
            InputInfo("source.n", "source", "n", 3),
            InputInfo("right.n", "right", "n", 1),
        ),
    )


def test_an_input_is_set_by_its_name(diamond: Plan) -> None:
    bound = bind(diamond, {"x": "hello", "right.n": 5})
    assert bound.step("source").inputs["x"] == Value("hello")
    assert bound.step("right").inputs["n"] == Value(5)
    assert bound.step("source").inputs["n"] == Value(3)


def test_any_port_can_be_set_and_then_no_longer_follows_its_edge(diamond: Plan) -> None:
    bound = bind(diamond, {"x": 1, "join.a": 7})
    assert bound.step("join").inputs["a"] == Value(7)
    assert bound.step("join").needs == ("right",)


def test_a_step_that_only_hands_on_keeps_the_order_of_its_ports() -> None:
    source = Step("source", None, BLOCK, {"model": Value("m")}, ("picture", "model"))
    inputs = (InputInfo("picture", "source", "picture", required=True), InputInfo("model", "source", "model", "m"))
    bound = bind(Plan("p", "P", (source,), inputs), {"model": "n", "picture": "p"})
    assert list(bound.step("source").inputs.values()) == [Value("p"), Value("n")]


def test_binding_leaves_the_plan_as_it_was(diamond: Plan) -> None:
    before = diamond.keys()
    bind(diamond, {"x": 1})
    assert diamond.keys() == before


def test_a_required_input_that_is_missing_is_named(diamond: Plan) -> None:
    with pytest.raises(InputError, match=r"Diamond needs 'x'.*x=\.\.\."):
        bind(diamond, {})


@pytest.mark.parametrize("name", ["y", "nowhere.x", "", ".x", "n"])
def test_an_input_that_is_not_there_is_named_with_those_that_are(name: str, diamond: Plan) -> None:
    with pytest.raises(UnknownName, match=r"has no input .*x, source\.n, right\.n"):
        bind(diamond, {"x": 1, name: 2})


def test_a_port_that_a_step_does_not_have_is_refused(diamond: Plan) -> None:
    with pytest.raises(UnknownName, match=r"source.*no input 'typo'.*x, n"):
        bind(diamond, {"x": 1, "source.typo": 2})


def test_the_results_are_what_nobody_takes_from(diamond: Plan) -> None:
    assert diamond.results == ("join", "alone")


def test_what_feeds_a_step_and_what_comes_after_it(diamond: Plan) -> None:
    assert feeding(diamond, ["left"]) == {"source", "left"}
    assert feeding(diamond, ["join"]) == {"source", "left", "right", "join"}
    assert after(diamond, "right") == {"right", "join"}
    assert after(diamond, "source") == {"source", "left", "right", "join"}


def test_a_step_that_is_not_there_is_named_with_those_that_are(diamond: Plan) -> None:
    with pytest.raises(UnknownName, match=r"no step 'middle'.*source, left, right, join, alone"):
        diamond.step("middle")


def test_only_a_step_that_takes_items_is_scattered(diamond: Plan) -> None:
    assert [s.name for s in diamond.steps if s.scattered] == ["right"]


@pytest.mark.parametrize(("device", "same"), [("cpu", True), ("any", False), ("gpu", False)])
def test_where_the_arithmetic_is_done_is_part_of_the_key(device: Device, same: bool) -> None:
    block = Block("module.f", "1", "digest", device, "close", 2.0, (), ())
    plan = Plan("p", "P", (Step("f", Call("function", "module:f"), block, {}, ("output",)),), ())
    assert (plan.keys(gpu=True) == plan.keys(gpu=False)) is same


def test_a_number_is_of_its_ports_type_however_it_was_written() -> None:
    ports = (Port("share", float), Port("times", int), Port("any"))
    block = Block("module.f", "1", "digest", "cpu", "bitwise", 2.0, ports, ())

    def keys(**values: object) -> dict[str, str]:
        inputs = {port: Value(value) for port, value in values.items()}
        return Plan("p", "P", (Step("f", CALL, block, inputs, ("out",)),), ()).keys()

    assert keys(share=1) == keys(share=1.0)
    assert keys(times=2.0) == keys(times=2)
    assert keys(any=1) != keys(any=1.0)
    assert keys(times=2.5) != keys(times=2)
    assert keys(times=True) != keys(times=1)
