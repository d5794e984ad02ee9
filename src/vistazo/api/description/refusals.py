"""Every refusal that a path can answer with, as the problem document that it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vistazo.api.description.problem_examples import REFUSALS, Takes, problem_example
from vistazo.api.needs import need_of
from vistazo.api.problems import described, status_by_code

Document = dict[str, Any]

# Where the handlers say nothing closer.
_SAID = {
    400: "No HTTP that can be read one way, or a parameter that it cannot have",
    401: "No key or token, or not a valid one",
    403: "A key or token without the scope that this needs",
    404: "No such path: look at the address, and at the proxy before the service",
    405: "Not with this method",
    429: "Too many requests",
    500: "Something went wrong in the service: its log says why",
    503: "Starting or shutting down",
}


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    """Each with the path whose rules it follows: the card's own route is another /predict."""
    for path, item in document["paths"].items():
        for operation in item.values():
            yield "/predict" if operation["operationId"] == "card_route" else path, operation


def describe_refusals(document: Document, takes: Takes | None, labels: Sequence[str]) -> None:
    """``takes`` is what the model takes, None before there is one."""
    status, components = status_by_code(), document["components"]
    components["schemas"]["Problem"]["properties"]["code"]["enum"] = sorted(status)
    components["examples"] = {
        code: {"summary": each.title, "value": each.model_dump(mode="json", exclude_none=True)}
        for code in REFUSALS
        for each in [problem_example(code, labels)]
    }
    for path, operation in operations(document):
        for code in codes_of(path, operation, takes):
            _add(operation["responses"], status[code], code)
        operation["responses"] = dict(sorted(operation["responses"].items()))


def codes_of(path: str, operation: Document, takes: Takes | None) -> Iterator[str]:
    """Those of keys wherever a handler says so itself, too: nobody may reload without one."""
    asks_who = bool(operation.get("security")) or "401" in operation["responses"]
    for code, refusal in REFUSALS.items():
        if refusal.paths is not None and path not in refusal.paths:
            continue
        if takes is not None and refusal.takes is not None and takes not in refusal.takes:
            continue
        if refusal.is_of_keys and not asks_who:
            continue
        if refusal.is_of_rates and need_of(path) is None:
            continue
        yield code


def _add(responses: Document, status: int, code: str) -> None:
    if str(status) not in responses:
        responses[str(status)] = described({status: _SAID[status]})[status]
    [content] = responses[str(status)]["content"].values()
    example = {"$ref": f"#/components/examples/{code}"}
    content["examples"] = {**content.get("examples", {}), code: example}
