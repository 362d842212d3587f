"""What fits onto a cluster at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from study.cluster.packing import arithmetic, fits, max_running

GPU_NODE = {"CPU": 8.0, "GPU": 4.0}


@pytest.mark.parametrize(
    ("nodes", "request_", "count"),
    [
        ([GPU_NODE], [{"CPU": 1, "GPU": 1}], 4),
        ([GPU_NODE], [{"CPU": 1, "GPU": 0.25}], 8),
        ([GPU_NODE, GPU_NODE], [{"CPU": 2, "GPU": 1}], 8),
        ([GPU_NODE], [{"CPU": 1, "GPU": 1}] * 3, 1),
        ([GPU_NODE, GPU_NODE], [{"CPU": 1, "GPU": 1}] * 4, 2),
        ([{"CPU": 2.0}], [{"CPU": 1, "GPU": 1}], 0),
        ([{"CPU": 1.0}] * 3, [{"CPU": 2}], 0),
    ],
)
def test_how_many_run_at_once(nodes, request_, count):
    assert max_running(nodes, request_) == count


def test_bundles_of_one_trial_may_lie_on_different_nodes():
    assert fits([{"CPU": 1.0}, {"CPU": 1.0}], [[{"CPU": 1}, {"CPU": 1}]])
    assert not fits([{"CPU": 1.0}, {"CPU": 1.0}], [[{"CPU": 2}]])


def test_quarters_of_a_device_add_up_exactly():
    assert fits([{"GPU": 1.0}], [[{"GPU": 0.1}]] * 10)
    assert not fits([{"GPU": 1.0}], [[{"GPU": 0.1}]] * 11)


def test_the_arithmetic_names_what_is_wanted_and_what_is_there():
    text = arithmetic([GPU_NODE, {"CPU": 2.0}], [{"CPU": 1, "GPU": 8}] * 2)
    assert text == (
        "CPU: 2 × 1 = 2 wanted; the largest of 2 nodes has 8, all have 10; "
        "GPU: 2 × 8 = 16 wanted; the largest of 2 nodes has 4, all have 4"
    )


@given(st.lists(st.integers(1, 16), min_size=1, max_size=5), st.lists(st.integers(1, 8), min_size=1, max_size=12))
def test_what_fits_never_asks_for_more_than_there_is(cpus, wanted):
    nodes = [{"CPU": float(count)} for count in cpus]
    if fits(nodes, [[{"CPU": count}] for count in wanted]):
        assert sum(wanted) <= sum(cpus)
        assert max(wanted) <= max(cpus)
        assert fits(nodes, [[{"CPU": count}] for count in wanted[1:]])
