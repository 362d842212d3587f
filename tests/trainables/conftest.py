import pytest

from trainables.devices import precision


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test compares to 1e-6 is computed in float32, also where the CPU is faster in bfloat16."""
    monkeypatch.setattr(precision, "pays_on_this_cpu", lambda: False)
