"""The tracking server: a URI whose credentials stay in memory, and a name for it that may be written to files."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from study.base.errors import StudyError
from study.spec.locations import QUERY_SECRETS
from study.spec.model import StudySpec
from study.store.directory import StudyDirectory

SCHEMES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql", "databricks")
_SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


@dataclass(frozen=True)
class Target:
    """`uri` is what MLflow opens; `name` is the same without credentials; `secrets` never leave this process."""

    uri: str = field(repr=False)
    name: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def remote(self) -> bool:
        """Whether the target is a server, not a database that we open ourselves."""
        return self.uri.startswith(("http://", "https://", "databricks"))

    def mask(self, text: str) -> str:
        """The text with every credential replaced by `***`."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return re.sub(r"(//)[^/@\s'\"]+@", r"\1***@", text)


def resolve(spec: StudySpec, directory: StudyDirectory, uri: str | None = None) -> Target:
    """The target: `uri`, else the spec's, else `MLFLOW_TRACKING_URI`, else SQLite in the study directory.

    Raises `StudyError` for a URI that MLflow has no store for.
    """
    chosen = uri or spec.tracking.uri or os.environ.get("MLFLOW_TRACKING_URI") or local(directory)
    scheme = chosen.partition(":")[0].split("+")[0]
    userinfo, name, query_secrets = _split(chosen)
    user, _, password = (unquote(part) for part in userinfo.partition(":"))
    if scheme not in SCHEMES:
        raise StudyError(
            f"A tracking URI starts with one of {', '.join(SCHEMES)} (`sqlite:////path/mlflow.db` for a file), got "
            f"{name!r}. Correct tracking.uri or MLFLOW_TRACKING_URI."
        )
    raw = userinfo.partition(":")[2]
    candidates = (userinfo, password, raw, *query_secrets, *(os.environ.get(variable, "") for variable in _SECRETS))
    secrets = tuple(sorted({secret for secret in candidates if secret}, key=len, reverse=True))
    if scheme in ("http", "https") and userinfo:
        credentials = {"MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password}
        return Target(name, name, credentials, secrets)
    return Target(chosen, name, {}, secrets)


def require_driver(target: Target) -> None:
    """Raise `StudyError` where a PostgreSQL database has no driver here: MLflow would blame the server, late."""
    scheme = target.uri.partition("://")[0]
    driver = {"postgresql": "psycopg", "postgresql+psycopg": "psycopg", "postgresql+psycopg2": "psycopg2"}.get(scheme)
    if driver is not None and importlib.util.find_spec(driver) is None:
        other = "psycopg2" if driver == "psycopg" else "psycopg"
        raise StudyError(
            f"{target.name} needs the Python package {driver}, which is not installed. Install this project with the "
            f"extra postgresql, or write postgresql+{other}:// where {other} is installed."
        )


def _split(uri: str) -> tuple[str, str, tuple[str, ...]]:
    """`user:password` of a URI, the URI without it and without secrets of its query, and these secrets as written.

    The login ends at the last `@` before the path; where its password holds a `/` that nobody escaped, at the last `@`
    before the query. What follows a host's `:` is its port.
    """
    head, mark, query = uri.partition("?")
    scheme, slashes, rest = head.partition("://")
    first = rest.partition("/")[0]
    unescaped = "@" not in first and ":" in first and not first.rpartition(":")[2].isdigit()
    login = rest if "@" in first and "/" not in rest.rpartition("@")[0] else first
    userinfo, at, _ = (rest if unescaped else login).rpartition("@")
    place = rest[len(userinfo) + len(at) :]
    kept, secrets = [], []
    for part in query.split("&") if query else []:
        key, _, value = part.partition("=")
        if re.fullmatch(QUERY_SECRETS, key, re.IGNORECASE):
            secrets += [value, unquote(value)]
        else:
            kept.append(part)
    named = f"{scheme}{slashes}{place if at else rest}" + (f"{mark}{'&'.join(kept)}" if kept else "")
    return userinfo, named, tuple(secret for secret in secrets if secret)


def local(directory: StudyDirectory) -> str:
    """The default: a SQLite file in the study directory."""
    return f"sqlite:///{directory.root.absolute() / 'mlflow.db'}"


def local_artifacts(directory: StudyDirectory) -> str:
    """Where artifacts go beside the default database."""
    return (directory.root.absolute() / "mlartifacts").as_uri()
