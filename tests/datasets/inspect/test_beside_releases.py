"""What lies beside a public release, and what only looks like one."""

from tests.datasets import releases
from tests.datasets.inspect.drawn import look, pictures, told, write


def test_own_pictures_and_tables_beside_a_release_are_told(tmp_path):
    (tmp_path / "isic").mkdir()
    releases.isic2019(tmp_path / "isic")
    assert look(tmp_path).careful == ()
    pictures(tmp_path, [f"clinic/nevus/own{number}.jpg" for number in range(3)])
    write(tmp_path, "labels_corrected.csv", "image,diagnosis", "ISIC_0000001,nevus")
    said = told(look(tmp_path))
    assert "3 pictures are in no release and are not used (the first: clinic/nevus/own0.jpg)" in said
    assert "1 tables may be no part of a release and say nothing here: labels_corrected.csv" in said


def test_own_pictures_in_the_columns_of_a_release_are_not_called_one(tmp_path):
    pictures(tmp_path, [f"clinic_{number}.jpg" for number in range(12)])
    rows = (f"L{n},clinic_{n},{('mel', 'nv')[n % 2]},histo,50,male,back" for n in range(12))
    write(tmp_path, "HAM10000_metadata.csv", "lesion_id,image_id,dx,dx_type,age,sex,localization", *rows)
    (release,) = look(tmp_path).releases
    assert (release.source, release.own_names) == ("ham10000", True)
    (tmp_path / "real").mkdir()
    assert not look(releases.ham10000(tmp_path / "real")).releases[0].own_names
