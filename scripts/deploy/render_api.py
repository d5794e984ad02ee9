"""Render's API, as far as a deployment needs it.

Facts, by page: https://api-docs.render.com/reference/create-deploy (201 with the deploy, 202 where
it is queued; ``imageUrl`` must keep host, repository and name), /reference/list-deploys,
/reference/retrieve-deploy (states and ``image``), /reference/cancel-deploy,
/reference/retrieve-service, /reference/rate-limiting;
https://render.com/docs/deploy-hooks (``imgURL``).
"""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TypeVar

from calls import Answer, Caller, DeploymentError, checked_address

T = TypeVar("T")

API = "https://api.render.com/v1"
LIVE = "live"
FAILED = frozenset({"build_failed", "update_failed", "pre_deploy_failed"})
OVERTAKEN = frozenset({"canceled", "deactivated"})
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Deploy:
    """``image`` is by digest (NAME@sha256:...), or None where Render does not say."""

    id: str
    status: str
    image: str | None


class RenderApi:
    """One service of Render."""

    def __init__(self, caller: Caller, key: str, service_id: str, api: str = API) -> None:
        self._caller = caller
        self._key = key
        self._service = f"{checked_address('RENDER_API_URL', api)}/services/" + urllib.parse.quote(
            service_id, safe=""
        )

    def service_url(self) -> str:
        """The address that the service is reached at."""
        document = self._get("the service", "")
        details = _field(document, "serviceDetails", dict)
        return checked_address("The service's address", _field(details, "url", str))

    def deploys(self, status: str | None = None) -> list[Deploy]:
        """The last ones, newest first; of one status where it is given."""
        query = {"limit": "20", **({"status": status} if status else {})}
        document = self._get("the list of deploys", f"/deploys?{urllib.parse.urlencode(query)}")
        if not isinstance(document, list):
            raise _unexpected("the list of deploys")
        return [_deploy(_field(entry, "deploy", dict)) for entry in document]

    def deploy(self, deploy_id: str) -> Deploy:
        path = f"/deploys/{urllib.parse.quote(deploy_id, safe='')}"
        return _deploy(self._get("the deploy", path))

    def start(self, image: str) -> Deploy | None:
        """Deploy ``image``. None where Render has queued it and does not yet say as what."""
        document = self._call("starting the deploy", "POST", "/deploys", {"imageUrl": image})
        return _deploy(document) if isinstance(document, dict) and document.get("id") else None

    def cancel(self, deploy_id: str) -> None:
        path = f"/deploys/{urllib.parse.quote(deploy_id, safe='')}/cancel"
        self._call("cancelling the deploy", "POST", path)

    def _get(self, what: str, path: str) -> object:
        return self._call(f"asking for {what}", "GET", path)

    def _call(self, what: str, method: str, path: str, body: object = None) -> object:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked
            self._service + path, data=data, headers=headers, method=method
        )
        answer = self._caller.call(f"Render, {what}", request)
        if not answer.is_success:
            raise DeploymentError(_refusal(what, answer))
        return answer.json()


def call_hook(caller: Caller, hook: str, image: str) -> None:
    """Start a deploy by a deploy hook, whose address is its key."""
    mark = "&" if "?" in hook else "?"
    address = f"{hook}{mark}imgURL={urllib.parse.quote(image, safe='')}"
    request = urllib.request.Request(address, data=b"", method="POST")  # noqa: S310 - as above
    answer = caller.call("Render, the deploy hook", request)
    if not answer.is_success:
        raise DeploymentError(_refusal("calling the deploy hook", answer))


def _refusal(what: str, answer: Answer) -> str:
    document = answer.json()
    message = document.get("message") if isinstance(document, dict) else None
    said = f' It says: "{str(message)[:LONGEST_MESSAGE]}".' if message else ""
    advice = {
        400: "Check that the image has the host and the name that the service is set to.",
        401: "The key is wrong or was revoked. Make one at dashboard.render.com, Account Settings, "
        "API Keys, and put it in RENDER_API_KEY.",
        403: "The key may not touch this service.",
        404: "Check RENDER_SERVICE_ID (or the deploy hook): Render knows no such service.",
        429: "Render asks for fewer calls. Wait a minute, then try again.",
    }.get(answer.status, "Try again later; status.render.com tells of outages.")
    return f"Render refused {what} with status {answer.status}.{said} {advice}"


def _deploy(document: object) -> Deploy:
    image = document.get("image") if isinstance(document, dict) else None
    return Deploy(
        _field(document, "id", str), _field(document, "status", str), _by_digest(image or {})
    )


def _by_digest(image: dict[str, object]) -> str | None:
    """NAME@sha256:... from ``ref``, which may be by tag, and ``sha``, what that stood for."""
    ref, sha = str(image.get("ref") or ""), str(image.get("sha") or "")
    name, _, own_digest = ref.partition("@")
    digest = DIGEST.search(sha) or DIGEST.search(own_digest)
    if not name or not digest:
        return None
    host, slash, rest = name.rpartition("/")
    return f"{host}{slash}{rest.partition(':')[0]}@{digest.group()}"


def _field(document: object, name: str, kind: type[T]) -> T:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, kind):
        raise _unexpected(f"the field '{name}'")
    return value


def _unexpected(what: str) -> DeploymentError:
    return DeploymentError(
        f"Render's answer is not as documented: {what} is missing. "
        "See https://api-docs.render.com, and look at the dashboard for the state of the service."
    )
