"""Where things lie, as a spec may say it: paths and URIs without secrets, because specs are published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from study.base.errors import StudyError

_PASSWORD = re.compile(r"//[^@\s]*:[^@\s]*@")
QUERY_SECRETS = (
    r"token|access_token|refresh_token|auth_token|api_?key|client_secret|credential|sig|signature|key|password|passwd|pwd"
    r"|sslpassword|secret|x-amz-[a-z-]+"
)
"""Names of query parameters whose values are credentials."""
_QUERY = re.compile(rf"[?&;#]({QUERY_SECRETS})=", re.I)
_SECRET = re.compile(rf"//[^/@\s]*@|{_QUERY.pattern}", re.I)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # a path made from `s3://bucket/x` begins with `s3:`; `C:` is a drive


def holds_secret(text: str) -> bool:
    """Whether a text looks as if it held a login, a password or a signed query."""
    return bool(_PASSWORD.search(text) or _SECRET.search(text))


def folder(root: Path | str) -> Path:
    """A study directory's path. Raises `StudyError` for a URI: the record of trials is SQLite, which needs a file
    system, and every other record is renamed into place."""
    path = Path(root)
    if path.parts and _SCHEME.fullmatch(path.parts[0]):
        raise StudyError(
            f"A study directory is a folder of a file system, got {path.parts[0]}//{'/'.join(path.parts[1:])}. Use a "
            "local disk, or a file system that all nodes share (NFS, Lustre, EFS, FSx, Filestore); `tracking.uri` may "
            "be a server that keeps its artifacts in an object store."
        )
    return path


def _without_secret(location: str) -> str:
    if _SECRET.search(location):
        raise ValueError(
            "a location carries no login and no signed query, because specs are published: write it without, and give "
            "credentials through the environment (AWS_PROFILE, …)"
        )
    return _without_password(location)


def _without_password(location: str) -> str:
    if _PASSWORD.search(location) or _QUERY.search(location):
        raise ValueError(
            "a URI carries no password, because specs are published: write it without, and give credentials through "
            "the environment (MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, AWS_PROFILE, …)"
        )
    return location


Location = Annotated[str, AfterValidator(_without_secret)]
TrackingUri = Annotated[str, AfterValidator(_without_password)]
