"""Search spaces are read as their files say, and a file that says two things is refused."""

import pytest

from search_spaces import SpaceError, load
from search_spaces.space import available


@pytest.mark.parametrize("name", available())
def test_every_space_that_ships_gives_points_inside_of_it(name):
    space = load(name)
    assert space.contains(space.at([0.5] * space.dimensions))
    assert all(space.contains(point) for point in space.grid_points()[:50])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("parameters:\n  lr: {low: 0.1, high: 1.0}\n  lr: 0.5\n", "'lr' is given twice"),
        ("parameters:\n  lr: {low: 0.1, low: 0.2, high: 1.0}\n", "'low' is given twice"),
        ("parameters: &a [*a]\n", "alias"),
        ("parameters: {lr: 2001-99-99}\n", "Correct the file"),
        ("parameters: {lr: 0.1}\ngrid: 3\n", "grid says how many points a parameter has"),
        ("parameters: {lr: 0.1}\ngrid: {lr: a}\n", "grid says how many points a parameter has"),
        ("parameters: {1: 0.1}\n", "a parameter has a name, got 1"),
        ("parameters: {lr: {low: 0.1, high: .inf}}\n", "finite ends"),
        ("parameters: {lr: {low: 1, high: 2, log: 1}}\n", "log is true or false, got 1"),
        ("parameters: {k: {low: 1, high: 2.5, int: true}}\n", "whole numbers"),
        ("parameters: {lr: {choice: ab}}\n", "a choice is a list"),
        ("parameters: {lr: {choice: [1, null]}}\n", "a choice is a list"),
        ("- lr\n", "a search space is a mapping with `parameters`, got list"),
    ],
)
def test_a_file_that_says_two_things_or_none_is_refused(tmp_path, text, match):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SpaceError, match=match):
        load(str(path))
