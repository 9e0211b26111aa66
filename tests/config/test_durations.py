import pytest
from hypothesis import given
from hypothesis import strategies as st

from textmill.config.durations import duration_faults, in_words, seconds
from textmill.errors import ConfigError


@given(st.integers(0, 86_400 * 3000))
def test_a_length_in_words_leaves_out_less_than_one_of_its_last_unit(length: int) -> None:
    words = in_words(length).split()
    parts = [f"{number}{unit[0]}" for number, unit in zip(words[::2], words[1::2], strict=True)]
    left_out = length - sum(map(seconds, parts))
    assert 0 <= left_out < max(1, seconds("1" + parts[-1][-1]))


@given(st.lists(st.tuples(st.integers(0, 900), st.sampled_from("smhd")), min_size=1, max_size=4))
def test_the_parts_of_a_duration_add_up(parts: list[tuple[int, str]]) -> None:
    whole = " ".join(f"{number}{unit}" for number, unit in parts)
    assert seconds(whole) == sum(number * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit] for number, unit in parts)


@pytest.mark.parametrize("text", ["", "30", "s", "-5s", "1e3s", "5 min", "5M", "1:30", "5s and", "٣s", "20000d"])
def test_what_is_no_duration_is_told_with_what_was_wanted(text: str) -> None:
    with pytest.raises(ConfigError, match="wanted a length of time") as told:
        seconds(text)
    assert repr(text) in str(told.value)


def test_a_fault_names_its_key_and_the_least_that_is_asked() -> None:
    assert duration_faults("timeout", None) == []
    assert duration_faults("timeout", "5s", least=5) == []
    assert duration_faults("timeout", "5s", least=60) == ["timeout: wanted 1 minute or more, got '5s'"]
    assert duration_faults("timeout", "x")[0].startswith("timeout: wanted a length of time")
