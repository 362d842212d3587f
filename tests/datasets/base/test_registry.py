"""Registries: what is registered here comes first and lazily; what other packages add cannot break us."""

import sys
from importlib.metadata import EntryPoint

import pytest

from datasets.base import registry
from datasets.base.registry import PluginWarning, Registry


class UnknownName(ValueError):
    pass


def plugins(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    points = [EntryPoint(name=name, value=value, group="skin_lesion_study.things") for name, value in values.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "skin_lesion_study.things" else [])


def test_entries_load_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, zlib="zlib:crc32")
    monkeypatch.delitem(sys.modules, "this", raising=False)
    things: Registry[object] = Registry("things", UnknownName, {"object": 3, "lazy": "math:pi", "never": "this:d"})
    assert things.names() == ["object", "lazy", "never", "zlib"]
    assert things.get("object") == 3
    assert things.get("lazy") == pytest.approx(3.14159265)
    assert things.get("zlib")(b"") == 0  # type: ignore[operator]
    assert "this" not in sys.modules


def test_an_unknown_name_gives_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch)
    with pytest.raises(UnknownName, match="things is one of the known ones, got 'obiect': the nearest is 'object'"):
        Registry("things", UnknownName, {"object": 3, "other": 4}).get("obiect")


def test_a_broken_plugin_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, broken="no_such_module:x", good="math:e")
    things: Registry[float] = Registry("things", UnknownName, {"object": 3.0})
    with pytest.raises(UnknownName, match=r"'broken' in .*things comes from no_such_module:x, which cannot be loaded"):
        things.get("broken")
    assert things.get("good") == pytest.approx(2.718281828)
    assert things.names() == ["object", "broken", "good"], "what is loaded is not listed twice"
    with pytest.warns(PluginWarning, match="broken"):
        assert dict(things.items()) == {"object": 3.0, "good": pytest.approx(2.718281828)}


def test_a_plugin_cannot_take_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch, object="math:e")
    things: Registry[float] = Registry("things", UnknownName, {"object": 3.0})
    with pytest.warns(PluginWarning, match="'object' in .*things is taken already; that of math:e is left out"):
        names = things.names()
    assert names == ["object"]
    assert things.get("object") == 3.0
    with pytest.raises(ValueError, match="given once, but 'object' is taken"):
        things.register("object", 4.0)


def test_our_own_broken_entry_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins(monkeypatch)
    with pytest.raises(ModuleNotFoundError):
        dict(Registry("things", UnknownName, {"ours": "no_such_module:x"}).items())
