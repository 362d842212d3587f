"""Encoders: a backbone and the weights it begins with, found by name, verified, and checked key by key."""

from trainables.encoders.build import build
from trainables.encoders.encoder import Encoder
from trainables.encoders.errors import EncoderError
from trainables.encoders.registry import names

__all__ = ["Encoder", "EncoderError", "build", "names"]
