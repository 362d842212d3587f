"""The spec reference, from the JSON schema of the spec's models."""

from __future__ import annotations

import json
from typing import Any

from study.spec.model import StudySpec

OPENING = """# Spec reference

A spec is one YAML file. `study spec schema` prints the JSON schema that this page is made from, for the completion of
your editor; `study plan SPEC` says what is wrong with a file. The names that a spec may use (encoders, pipelines,
sources, samplers, …) are in [Names](names.md). A field without a default is required; an unknown field is an error that
names the nearest one.
"""
BOUNDS = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))


def spec_page() -> str:
    """Markdown: one table a part of the spec, the whole first."""
    schema = StudySpec.model_json_schema()
    parts = [OPENING, _table("The study", schema)]
    parts += [_table(name, schema["$defs"][name]) for name in _reached(schema)]
    return "\n".join(parts)


def _reached(schema: dict[str, Any]) -> list[str]:
    """Names of the parts in the order in which the spec mentions them."""
    found: list[str] = []
    waiting = [schema]
    while waiting:
        for name in _mentioned(waiting.pop(0)["properties"]):
            if name not in found:
                found.append(name)
                waiting.append(schema["$defs"][name])
    return found


def _mentioned(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"].rpartition("/")[2]] if "$ref" in node else []
        return own + [name for value in node.values() for name in _mentioned(value)]
    return [name for value in node for name in _mentioned(value)] if isinstance(node, list) else []


def _table(title: str, part: dict[str, Any]) -> str:
    lines = [f"## {title}", "", " ".join(part.get("description", "").split()), ""]
    lines += ["| field | type | default | what |", "|---|---|---|---|"]
    for name, field in part["properties"].items():
        default = "required" if name in part.get("required", []) else _default(field)
        what = " ".join(field.get("description", "").split()).replace("|", "\\|")
        lines.append(f"| `{name}` | {_type(field)} | {default} | {what} |")
    return "\n".join([*lines, ""])


def _default(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return "see there"
    value = field.get("default", {})
    return "none" if value is None else "empty" if value in ("", [], {}) else f"`{json.dumps(value)}`"


def _type(field: dict[str, Any]) -> str:
    """The type of a field in words, with its bounds."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"] if option.get("type") != "null")
    if "enum" in field or "const" in field:
        return " or ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")
        return f"mapping to {_type(values)}" if isinstance(values, dict) else "mapping"
    words = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
    bounds = [f"{sign} {field[key]}" for key, sign in BOUNDS if key in field]
    return ", ".join([words.get(field.get("type", ""), "anything"), *bounds])
