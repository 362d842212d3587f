"""A driver waits a bounded time for the head of a cluster, and then says what to do."""

from __future__ import annotations

import socket

import pytest
import ray

from study.cluster.lifetime import head_watch, own_ray


class LeftError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def quick(monkeypatch):
    """A watch in this thread, whose seconds are tenths."""
    said: list[str] = []

    def leave(code: int, text: str) -> None:
        said.append(f"{code} {text}")
        raise LeftError

    monkeypatch.setattr(own_ray, "leave", leave)
    monkeypatch.setattr(own_ray, "say", said.append)
    monkeypatch.setattr(head_watch, "INTERVAL", 0.02)
    monkeypatch.setenv(head_watch.RAYS_LIMIT, "0.4")
    return said


def test_a_head_that_stays_away_ends_the_command_before_ray_does(quick, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        assert not head_watch.answers(address)
        with pytest.raises(LeftError):
            head_watch._watch(address)
    assert len(quick) == 2
    assert "does not answer; waiting for it" in quick[0]
    assert quick[1].startswith(f"75 error: The head of the cluster at {address} has not answered for 0 s. Start it and")


def test_a_head_that_comes_back_is_no_loss(quick, monkeypatch):
    monkeypatch.setenv(head_watch.RAYS_LIMIT, "40")
    looks = iter([True] * 40 + [False])
    monkeypatch.setattr(ray, "is_initialized", lambda: next(looks))
    answers = iter([True, *[False] * 9, True, *[False] * 9, *[True] * 99])  # never away for as long as the limit
    monkeypatch.setattr(head_watch, "answers", lambda _: next(answers))
    head_watch._watch("127.0.0.1:1")
    assert len(quick) == 2, "it said twice that it waits"


def test_only_a_command_is_ended(monkeypatch):
    monkeypatch.setattr(own_ray, "_signals", [])
    monkeypatch.setattr(head_watch.threading, "Thread", None)
    head_watch.watch("127.0.0.1:1")


def test_somebody_who_listens_answers():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert head_watch.answers(f"127.0.0.1:{server.getsockname()[1]}")
