"""What KServe's own models find wrong with documents: run by a Python that has ``kserve``.

    kserve_faults.py < DOCUMENTS.json

Those models are made from the OpenAPI document of KServe's resource definitions, and of Kubernetes'
own for what lies in them. They take any field; this is strict about names and types. Writes a list
of faults for each document.
"""

import json
import re
import sys

import kserve.models
import kubernetes.client.models

DOCUMENTS = {
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"): "V1alpha1ClusterServingRuntime",
    ("serving.kserve.io/v1beta1", "InferenceService"): "V1beta1InferenceService",
}
PLAIN = {"str": str, "int": int, "bool": bool, "datetime": str, "ResourceQuantity": str}
NESTED = re.compile(r"([Ll]ist|[Dd]ict)[\[(](?:str, )?(.+)[\])]$")


def faults_of(document):
    kind = DOCUMENTS.get((document.get("apiVersion"), document.get("kind")))
    if kind is None:
        return [f"there is no {document.get('kind')} of {document.get('apiVersion')}"]
    return list(faults(document, kind, document["kind"]))


def faults(value, kind, at):
    nested = NESTED.match(kind)
    if kind == "object":  # a number or a name, of a port, say
        return
    if kind in PLAIN:
        if type(value) is not PLAIN[kind]:
            yield f"{at} is {value!r}, not {kind}"
    elif nested:
        yield from faults_in(value, *nested.groups(), at)
    else:
        yield from faults_of_fields(value, model(kind), at)


def faults_in(value, container, kind, at):
    if not isinstance(value, {"list": list, "dict": dict}[container.lower()]):
        yield f"{at} is {value!r}, not a {container.lower()}"
        return
    for key, each in enumerate(value) if isinstance(value, list) else value.items():
        yield from faults(each, kind, f"{at}[{key}]")


def faults_of_fields(value, kind, at):
    if not isinstance(value, dict):
        yield f"{at} is {value!r}, not {kind.__name__}"
        return
    attributes = {name: attribute for attribute, name in kind.attribute_map.items()}
    for name, each in value.items():
        if name not in attributes:
            yield f"{at} has no {name}"
        else:
            yield from faults(each, kind.openapi_types[attributes[name]], f"{at}.{name}")
    known = {attributes[name]: each for name, each in value.items() if name in attributes}
    try:
        kind(**known)
    except ValueError as error:  # what is required, and what has few values
        yield f"{at}: {error}"


def model(name):
    for place in (kserve.models, kubernetes.client.models):
        if hasattr(place, name):
            return getattr(place, name)
    raise LookupError(name)


if __name__ == "__main__":
    json.dump([faults_of(each) for each in json.load(sys.stdin)], sys.stdout)
