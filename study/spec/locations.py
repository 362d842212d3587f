"""Where things lie, as a spec may say it: paths and URIs without secrets, because specs are published."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_PASSWORD = re.compile(r"//[^@\s]*:[^@\s]*@")
QUERY_SECRETS = (
    r"token|access_token|refresh_token|auth_token|api_?key|client_secret|credential|sig|signature|key|password|passwd|pwd"
    r"|sslpassword|secret|x-amz-[a-z-]+"
)
"""Names of query parameters whose values are credentials."""
_QUERY = re.compile(rf"[?&;#]({QUERY_SECRETS})=", re.I)
_SECRET = re.compile(rf"//[^/@\s]*@|{_QUERY.pattern}", re.I)


def holds_secret(text: str) -> bool:
    """Whether a text looks as if it held a login, a password or a signed query."""
    return bool(_PASSWORD.search(text) or _SECRET.search(text))


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
