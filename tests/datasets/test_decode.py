"""Decoding: sound pictures of every kind come out right, and no damaged one comes out as if it were sound."""

import hashlib
import io
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import datasets
from datasets.base.errors import DataError
from datasets.base.manifest import DataRef
from datasets.cache.decode import BadImage, decode
from datasets.cache.store import open_store
from tests.datasets import mutate

RGB = np.asarray(Image.fromarray(mutate.sound(0)[0]))


def coded(image, form, **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def close(pixels, expected, tolerance=8.0):
    assert pixels.dtype == np.uint8
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected.astype(int)).mean() < tolerance


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
def test_formats(form):
    close(decode(coded(Image.fromarray(RGB), form)), RGB)


def test_colour_models_become_rgb():
    image = Image.fromarray(RGB)
    grey = np.repeat(np.asarray(image.convert("L"))[..., None], 3, axis=2)
    close(decode(coded(image.convert("L"), "JPEG")), grey)
    close(decode(coded(image.convert("L"), "PNG")), grey, 0.01)
    close(decode(coded(image.convert("P", palette=Image.Palette.ADAPTIVE), "PNG")), RGB)
    close(decode(coded(image.convert("CMYK"), "JPEG")), RGB)
    deep = Image.fromarray((grey[..., 0].astype(np.uint16) << 8) + 77)
    close(decode(coded(deep, "PNG")), grey, 0.01)
    clear = image.convert("RGBA")
    clear.putalpha(0)
    assert decode(coded(clear, "PNG")).max() == 0


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_exif_turns_pictures_upright(turn, form):
    exif = Image.Exif()
    exif[0x0112] = turn
    back = {1: RGB, 2: RGB[:, ::-1], 3: RGB[::-1, ::-1], 4: RGB[::-1], 5: RGB.swapaxes(0, 1)}
    back |= {6: np.rot90(RGB, 1), 7: np.rot90(RGB[::-1], 1), 8: np.rot90(RGB, 3)}
    stored = Image.fromarray(np.ascontiguousarray(back[turn]))
    close(decode(coded(stored, form, exif=exif, **({"quality": 95} if form == "JPEG" else {}))), RGB)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"hello", "the content is none of JPEG, PNG"),
        (coded(Image.fromarray(RGB), "GIF"), "the content is none of JPEG, PNG"),
        (mutate.bomb(60_000), "the header claims"),
        (coded(Image.fromarray(RGB), "JPEG")[:-500], "the content is damaged"),
        (coded(Image.fromarray(RGB), "PNG")[:-500], "the content is damaged"),
        (coded(Image.fromarray(RGB), "TIFF", save_all=True, append_images=[Image.fromarray(RGB)]), "several frames"),
        (coded(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"), "more than 16 bits"),
    ],
)
def test_what_is_no_sound_picture_is_refused(content, words):
    with pytest.raises(BadImage, match=words):
        decode(content)


def _damage(root: Path, files: int) -> dict[str, np.ndarray]:
    """Write mutated pictures into `root/nevus` and the sums of the sound ones; the sound pixels by image id."""
    chance = random.Random(20)
    (root / "nevus").mkdir(parents=True)
    sums, truth = [], {}
    for number in range(files):
        pixels, content, ending = mutate.sound(number)
        name = f"nevus/{number:04d}.{ending}"
        kind = mutate.KINDS[number // 2 % len(mutate.KINDS)]
        (root / name).write_bytes(mutate.mutated(content, ending, kind, chance))
        sums.append(f"{hashlib.sha256(content).hexdigest()}  ./{name}")
        truth[f"nevus/{number:04d}"] = pixels
    (root / "SHA256SUMS.later").write_text("\n".join(sums))
    return truth


def test_500_damaged_pictures_neither_crash_nor_hang_nor_pass(tmp_path):
    truth = _damage(tmp_path / "data", 500)
    code = (
        "import sys, datasets\n"
        "from datasets.cache.store import open_store\nfrom datasets.base.manifest import DataRef\n"
        "manifest = datasets.load(DataRef(source='folder', root=sys.argv[1]))\n"
        "store = open_store(manifest, short_side=500, cache_root=sys.argv[2], on_bad_image='skip')\n"
        "print(len(store))"
    )
    command = [sys.executable, "-X", "faulthandler", "-c", code, str(tmp_path / "data"), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    manifest = datasets.load(DataRef(source="folder", root=str(tmp_path / "data")))
    store = open_store(manifest, short_side=500, cache_root=str(tmp_path / "cache"), on_bad_image="skip")
    assert 0 < len(store) == int(done.stdout) < 200
    assert f"{500 - len(store)} of 500 images skipped as bad" in store.manifest.notes[-1]
    for row, image_id in enumerate(store.manifest.table["image_id"]):
        assert store[row].ndim == 3
        if int(image_id[-4:]) % 2:  # PNG has checksums: what passes is what was there
            close(store[row], truth[image_id], 0.01)
    (tmp_path / "data" / "SHA256SUMS.later").rename(tmp_path / "data" / "SHA256SUMS")
    known = datasets.load(DataRef(source="folder", root=str(tmp_path / "data")))
    checked = open_store(known, short_side=500, cache_root=str(tmp_path / "cache"), on_bad_image="skip")
    for row, image_id in enumerate(checked.manifest.table["image_id"]):
        close(checked[row], truth[image_id])


def _fuzzed(count: int) -> tuple[int, int]:
    """Decode mutated pictures of every format; how many were refused, and how many passed."""
    chance, refused, passed = random.Random(21), 0, 0
    kinds = (*mutate.KINDS, "zeros", "doubled", "emptied")
    for number in range(count):
        form = ("JPEG", "PNG", "TIFF", "WEBP", "BMP")[number % 5]
        pixels, content = mutate.sound(number)[0], mutate.coded(number % 10, form)
        kind = kinds[number // 5 % len(kinds)]
        damaged = mutate.mutated(content, form.lower(), kind, chance)
        started = time.monotonic()
        try:
            found = decode(damaged)
        except BadImage:
            refused += 1
        else:
            passed += 1
            assert (found.dtype, found.ndim, found.shape[-1]) == (np.uint8, 3, 3), (number, form, kind)
            assert found.size <= 3 * 2**28, (number, form, kind)
            if form == "PNG":  # it has sums
                close(found, pixels, 0.01)
        assert time.monotonic() - started < 30, (number, form, kind)
    return refused, passed


def test_3000_mutated_pictures_of_every_format_are_refused_or_pictures():
    refused, passed = _fuzzed(3000)
    assert refused > 1500
    assert passed > 500


@pytest.mark.slow
def test_100000_mutated_pictures_of_every_format():
    """`pytest -m slow tests/datasets/test_decode.py`, under a minute."""
    refused, _ = _fuzzed(100_000)
    assert refused > 50_000


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp", "bmp"])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "BMP"])
def test_a_wrong_ending_changes_nothing(form, ending, tmp_path):
    """What a file is says its content."""
    (tmp_path / "data" / "nevus").mkdir(parents=True)
    (tmp_path / "data" / "nevus" / f"a.{ending}").write_bytes(mutate.coded(0, form))
    store = open_store(
        datasets.load(DataRef(source="folder", root=str(tmp_path / "data"))),
        short_side=500,
        cache_root=str(tmp_path / "cache"),
    )
    close(store[0], RGB)


def test_sums_of_another_form_are_refused(tmp_path):
    _damage(tmp_path, 2)
    (tmp_path / "SHA256SUMS").write_text("no sum\n")
    with pytest.raises(DataError, match="each line is a sha256, two spaces and a path, but line 1"):
        datasets.load(DataRef(source="folder", root=str(tmp_path)))
