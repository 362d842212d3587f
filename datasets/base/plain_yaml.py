"""YAML as plain values, and nothing that a reader of the file would not see: no key twice, no aliases that explode."""

from __future__ import annotations

from typing import Any

import yaml

LARGEST = 200_000  # values in a file once its aliases are written out; the largest spec that ships has some hundred


def read_yaml(text: str | bytes) -> Any:
    """The values in `text`. Anchors, aliases and merge keys (`<<`) work.

    Raises `yaml.YAMLError` for what does not parse, for a key that a mapping has twice (YAML would keep the last and
    say nothing), for an alias inside of what it names, and for aliases that stand for more than `LARGEST` values.
    """
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _values(node, {}) > LARGEST:
            raise yaml.YAMLError(f"its aliases stand for more than {LARGEST:,} values. Write out what you mean.")
        return loader.construct_document(node)
    except RecursionError as error:
        raise yaml.YAMLError("its values are nested too deeply. Write it flatter.") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:  # PyYAML's own, for `2001-99-99` or `!!bool x`
        raise yaml.YAMLError(f"a value is not what its form or tag says ({error!r}). Put it in quotes.") from error
    finally:
        loader.dispose()


def _values(node: yaml.Node, counted: dict[yaml.Node, int | None]) -> int:
    """How many values a node stands for, aliases written out; each node is looked at once."""
    if node in counted:
        known = counted[node]
        if known is None:
            raise yaml.YAMLError(
                f"an alias names what it stands in (line {node.start_mark.line + 1}). Write out what you mean."
            )
        return known
    counted[node] = None
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        _refuse_repeated(node)
        inner = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    size = 1 + sum(_values(part, counted) for part in inner)
    counted[node] = size
    return size


def _refuse_repeated(node: yaml.MappingNode) -> None:
    first: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        name, line = (key.tag, key.value), key.start_mark.line + 1
        if name in first:
            raise yaml.YAMLError(
                f"the key {key.value!r} is given twice, in lines {first[name]} and {line}; only one of them can "
                "hold. Remove one."
            )
        first[name] = line
