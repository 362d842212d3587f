"""What is told while a cache is built."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""`progress(done, all)`, called now and then while images are decoded."""
