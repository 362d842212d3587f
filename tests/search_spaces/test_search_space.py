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
        ("- lr\n", "a search space is a mapping with `parameters`, got list"),
    ],
)
def test_a_file_that_says_two_things_or_none_is_refused(tmp_path, text, match):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SpaceError, match=match):
        load(str(path))
