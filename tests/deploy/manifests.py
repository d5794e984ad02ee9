"""The manifests of scripts/deploy/kubernetes, read as a cluster reads them."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "scripts" / "deploy" / "kubernetes"
KINDS = ("plain", "kserve")
SYSTEMS = ("pneumonia", "pictures", "news", "quality", "leaves")
BASES = {"plain": "deployment.yaml", "kserve": "inference-service.yaml"}

Manifest = dict[str, Any]


def read(path: Path) -> list[Manifest]:
    """Every document of a file."""
    return copy.deepcopy(_parsed(path))


@functools.cache
def _parsed(path: Path) -> list[Manifest]:
    return [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]


def runtime() -> Manifest:
    [found] = read(FOLDER / "kserve" / "runtime.yaml")
    return found


def of_system(kind: str, system: str) -> Manifest:
    """Its Deployment or InferenceService: the base with the patches of its folder."""
    [found] = read(FOLDER / kind / "base" / BASES[kind])
    for patch in _patches(FOLDER / kind / system):
        assert patch["target"] == {"kind": found["kind"]}
        for change in yaml.safe_load(patch["patch"]):
            _apply(change, found)
    return found


def pod_of(kind: str, system: str) -> Manifest:
    """The pod that comes of it: ``spec`` and the annotations; of KServe merged with the runtime."""
    found = of_system(kind, system)["spec"]
    if kind == "plain":
        template: Manifest = found["template"]
        return {"annotations": template["metadata"]["annotations"], "spec": template["spec"]}
    served = runtime()["spec"]
    predictor = found["predictor"]
    own = predictor["model"]
    [container] = served["containers"]
    container["env"] = _by("name", container["env"], own["env"])
    container["resources"] = own["resources"]
    mounts = own.get("volumeMounts", [])
    container["volumeMounts"] = _by("mountPath", container["volumeMounts"], mounts)
    of_the_pod = ("enableServiceLinks", "automountServiceAccountToken", "securityContext")
    spec = {
        **{name: predictor[name] for name in of_the_pod if name in predictor},
        "containers": [container],
        "volumes": _by("name", served["volumes"], predictor.get("volumes", [])),
    }
    text = json.dumps(spec).replace("{{.Name}}", system)  # as KServe does, in the whole of it
    return {"annotations": served["annotations"], "spec": json.loads(text)}


def container_of(kind: str, system: str) -> Manifest:
    [found] = pod_of(kind, system)["spec"]["containers"]
    container: Manifest = found
    return container


def environment_of(kind: str, system: str) -> dict[str, str]:
    """The variables that are said in words; those of a Secret are left out."""
    named = container_of(kind, system)["env"]
    return {each["name"]: each["value"] for each in named if "value" in each}


def card_of(kind: str, system: str) -> Manifest:
    """Of the model that it serves, as it lies in the repository."""
    model = ROOT / environment_of(kind, system)["MODEL_PATH"].removeprefix("/app/")
    [card] = read(model.with_suffix(".card.yaml"))
    return card


def _patches(folder: Path) -> list[Manifest]:
    """Those of its components go first, as kustomize has it."""
    [found] = read(folder / "kustomization.yaml")
    of_others = [_patches(folder / each) for each in found.get("components", [])]
    return [*(patch for patches in of_others for patch in patches), *found.get("patches", [])]


def _apply(change: Manifest, target: Any) -> None:
    """One change of RFC 6902."""
    *way, last = change["path"].removeprefix("/").split("/")
    for part in way:
        target = target[int(part)] if isinstance(target, list) else target[part]
    if isinstance(target, list):
        assert (change["op"], last) == ("add", "-")
        target.append(change["value"])
    else:
        assert change["op"] == "add" or last in target, change["path"]
        target[last] = change["value"]


def _by(key: str, before: list[Manifest], after: list[Manifest]) -> list[Manifest]:
    """Both lists; what both have is the second's."""
    return list({each[key]: each for each in [*before, *after]}.values())
