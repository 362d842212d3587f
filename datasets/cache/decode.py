"""Decoding that refuses what is not a sound picture. Nothing is repaired, nothing is passed on half read."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from datasets.base.errors import DataError

MAX_PIXELS = 100_000_000
"""More pixels than any camera of these data sets makes: such a header is a decompression bomb or a broken one."""
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")


class BadImage(DataError):
    """A file that is no sound picture; the message says what is wrong with it."""


def decode(content: bytes) -> np.ndarray:
    """The picture in a file's bytes: uint8 RGB, height × width × 3, upright as EXIF says, native size.

    Grey, palette, 16-bit, CMYK and transparent pictures are converted (16-bit by its high byte, transparency onto
    black). Raises `BadImage` for empty, truncated or damaged content, another format, more than one frame, and more
    than `MAX_PIXELS`. JPEG is decoded strictly: what libjpeg merely warns of is an error here.
    """
    if not content:
        raise BadImage("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                return _decode(image, content)
    except UnidentifiedImageError as error:
        raise BadImage(f"the content is none of {', '.join(FORMATS)}") from error
    except Image.DecompressionBombError as error:
        raise BadImage(f"the header claims more than {MAX_PIXELS} pixels") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError) as error:
        raise BadImage(f"the content is damaged: {error}") from error
    except (struct.error, zlib.error, OverflowError, MemoryError, ZeroDivisionError, AttributeError) as error:
        raise BadImage(f"the content is damaged: {error}") from error


def _decode(image: Image.Image, content: bytes) -> np.ndarray:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadImage(f"the header claims {width} × {height} pixels, more than {MAX_PIXELS}")
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise BadImage("the file holds several frames")
    turn = image.getexif().get(0x0112, 1)
    if image.format == "JPEG" and image.mode in ("RGB", "L"):
        pixels = simplejpeg.decode_jpeg(content, colorspace="RGB", strict=True)
        return pixels if turn == 1 else np.asarray(ImageOps.exif_transpose(_with_turn(pixels, turn)))
    if image.format == "PNG":
        with Image.open(io.BytesIO(content), formats=("PNG",)) as twin:
            twin.verify()  # checks every chunk's CRC, which decoding does not
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        return _from_deep(np.asarray(upright))
    if upright.mode in ("P", "PA", "LA", "RGBA"):
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "black"), upright.convert("RGBA"))
    return np.asarray(upright.convert("RGB"))


def _with_turn(pixels: np.ndarray, turn: int) -> Image.Image:
    image = Image.fromarray(pixels)
    image.getexif()[0x0112] = turn
    return image


def _from_deep(values: np.ndarray) -> np.ndarray:
    """16-bit grey to 8-bit RGB by the high byte. Raises `BadImage` for values outside 16 bits."""
    if values.dtype.kind == "f" or values.min() < 0 or values.max() > 65535:
        raise BadImage("pixels of more than 16 bits are no photograph")
    return np.repeat((values.astype(np.uint16) >> 8).astype(np.uint8)[..., None], 3, axis=2)
