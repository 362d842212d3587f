"""Pictures with damage of many kinds, for the fuzz test."""

import io
import random
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image

from datasets.drawing.sets import COLLECTIONS

KINDS = ("flip", "truncate", "header", "bomb", "noise", "insert", "swap")


def sound(number: int) -> tuple[np.ndarray, bytes, str]:
    """One of ten drawn pictures, its file, and the file's ending; every other one is a PNG."""
    return _sound(number % 10)


@cache
def _sound(number: int) -> tuple[np.ndarray, bytes, str]:
    pixels = COLLECTIONS["synthetic"].draw(number % 5, 1, 1)
    ending = "png" if number % 2 else "jpg"
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG" if ending == "png" else "JPEG", quality=92)
    return pixels, out.getvalue(), ending


@cache
def coded(number: int, form: str) -> bytes:
    """A drawn picture in another format."""
    out = io.BytesIO()
    Image.fromarray(_sound(number)[0]).save(out, form, **({"quality": 92} if form == "JPEG" else {}))
    return out.getvalue()


def mutated(content: bytes, ending: str, kind: str, chance: random.Random) -> bytes:
    """The file with one kind of damage."""
    found = bytearray(content)
    if kind == "flip":
        for _ in range(chance.choice([1, 1, 3, 30])):
            found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
    elif kind == "truncate":
        del found[chance.randrange(len(found)) :]
    elif kind == "header":
        found[: chance.randint(1, 16)] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 16)))
    elif kind == "bomb":
        found = bytearray(bomb(chance.randint(20_000, 2**31 - 1)))
    elif kind == "noise":
        found = bytearray(chance.randbytes(chance.choice([1, 10, 5000])))
    elif kind == "zeros":
        start = chance.randrange(len(found))
        end = min(len(found), start + chance.choice([1, 64, 4096]))
        found[start:end] = bytes(end - start)
    elif kind == "doubled":
        found = found * 2
    elif kind == "emptied":
        found = bytearray(chance.choice([0, 1, 100]))
    elif kind == "insert":
        found[chance.randrange(len(found)) : 0] = chance.randbytes(chance.randint(1, 200))
    else:
        middle = chance.randrange(2, len(found) - 2)
        found = found[middle:] + found[:middle]
    return bytes(found)


def bomb(side: int) -> bytes:
    """A tiny PNG whose header claims `side` × `side` pixels, with a right checksum."""
    chunk = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", chunk)
        + _chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
