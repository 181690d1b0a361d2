from hypothesis import given
from hypothesis import strategies as st

from pacing.spans import Spans

STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.floats(0, 1e6)), max_size=200)


@given(STEPS)
def test_spans_agree_with_a_dict(steps: list[tuple[bool, int, float]]) -> None:
    spans, twin = Spans(), dict[int, float]()
    for adds, key, at in steps:
        if adds:
            spans.add(key, at)
            twin.setdefault(key, at)
        else:
            assert spans.pop(key) == twin.pop(key, None)
        assert sorted(spans.starts) == sorted(twin.values())
        assert len(spans) == len(twin)
        assert (key in spans) == (key in twin)
        assert spans.began_at(key) == twin.get(key)
