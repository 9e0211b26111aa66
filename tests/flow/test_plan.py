import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.errors import ConfigError, UnknownName
from textmill.flow import Flow, Step, Work, plan


def nothing(work: Work) -> None: ...


def flow(**needs: tuple[str, ...]) -> Flow:
    return Flow("demo", tuple(Step(name, nothing, needs=needed) for name, needed in needs.items()))


@given(st.permutations(range(8)), st.data())
def test_each_step_comes_after_its_needs_however_they_are_written(order, data):
    steps = [
        Step(f"s{n}", nothing, needs=tuple(f"s{m}" for m in data.draw(st.sets(st.integers(0, n - 1)))) if n else ())
        for n in range(8)
    ]
    names = [step.name for step in plan(Flow("demo", tuple(steps[n] for n in order)))]
    assert sorted(names) == sorted(step.name for step in steps)
    assert all(names.index(need) < names.index(step.name) for step in steps for need in step.needs)


def test_steps_that_may_run_as_written_do():
    names = [step.name for step in plan(flow(c=(), a=(), b=("c",)))]
    assert names == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("needs", "circle"),
    [
        ({"a": ("a",)}, "a -> a"),
        ({"a": ("c",), "b": ("a",), "c": ("b",)}, "a -> c -> b -> a"),
        ({"x": ("a",), "a": ("b",), "b": ("a",)}, "a -> b -> a"),
    ],
)
def test_a_circle_is_told_with_its_path(needs, circle):
    with pytest.raises(ConfigError, match=f"flow demo: steps need each other in a circle: {circle}$"):
        plan(flow(**needs))


def test_an_unknown_need_is_told_with_those_that_are_known():
    with pytest.raises(UnknownName, match=r"needs of step 'b': no step is called 'reed'.*Did you mean 'read'\?"):
        plan(flow(read=(), b=("reed",)))


def test_two_steps_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="two steps are called 'a'"):
        plan(Flow("demo", (Step("a", nothing), Step("a", nothing))))


def test_a_chain_of_ten_thousand_steps_can_be_planned():
    chain = tuple(Step(f"s{n}", nothing, needs=(f"s{n + 1}",) if n < 9999 else ()) for n in range(10_000))
    assert next(iter(plan(Flow("long", chain)))).name == "s9999"
