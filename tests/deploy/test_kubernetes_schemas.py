"""The manifests of scripts/deploy/kubernetes, held against the published schemas: Kubernetes' own,
and those of KServe's resources. Each from a package of its own, locked, in an environment of its
own; where that cannot be installed, these tests are skipped and say so.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import manifests
import pytest
import yaml
from manifests import FOLDER, KINDS, ROOT, SYSTEMS, Manifest

sys.path.append(str(ROOT / "scripts" / "peers"))

from peer_environments import NotInstalledError, interpreter

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
VERSIONS = ("1.30", "1.37")  # the oldest that has all of it, and the newest there is
Faults = Callable[[list[Manifest]], list[list[str]]]
Change = tuple[tuple[str | int, ...], Any]
GONE = object()


def checker(package: str, program: str, *arguments: str) -> Faults:
    try:
        python = interpreter(package, lambda _: None)
    except NotInstalledError as error:
        pytest.skip(f"{package} cannot be installed here: {error}")

    def faults(documents: list[Manifest]) -> list[list[str]]:
        done = subprocess.run(
            [python, HERE / program, *arguments],
            input=json.dumps(documents),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: list[list[str]] = json.loads(done.stdout)
        assert len(found) == len(documents)
        return found

    return faults


@pytest.fixture(scope="module")
def of_kserve() -> Faults:
    return checker("kserve", "kserve_faults.py")


@pytest.fixture(scope="module", params=VERSIONS)
def of_kubernetes(request: pytest.FixtureRequest) -> Faults:
    return checker("kubernetes-validate", "kubernetes_faults.py", request.param)


def plain_documents() -> list[Manifest]:
    files = sorted((FOLDER / "plain" / "base").glob("*.yaml"))
    assert len(files) == 6
    others = [file for file in files if file.name not in {"kustomization.yaml", "deployment.yaml"}]
    found = [each for file in others for each in manifests.read(file)]
    return [*found, *(manifests.of_system("plain", system) for system in SYSTEMS)]


def kserve_documents() -> list[Manifest]:
    services = (manifests.of_system("kserve", system) for system in SYSTEMS)
    return [manifests.runtime(), *services]


def kserve_pods() -> list[Manifest]:
    """What KServe makes of a service and its runtime."""
    specs = ((system, manifests.pod_of("kserve", system)["spec"]) for system in SYSTEMS)
    head = {"apiVersion": "v1", "kind": "Pod"}
    return [{**head, "metadata": {"name": system}, "spec": spec} for system, spec in specs]


def test_the_plain_manifests_are_what_kubernetes_publishes(of_kubernetes: Faults) -> None:
    documents = plain_documents()
    assert of_kubernetes(documents) == [[] for _ in documents]


def test_a_pod_of_kserve_is_one_of_kubernetes(of_kubernetes: Faults) -> None:
    assert of_kubernetes(kserve_pods()) == [[] for _ in SYSTEMS]


def test_the_runtime_and_its_services_are_what_kserve_publishes(of_kserve: Faults) -> None:
    documents = kserve_documents()
    assert of_kserve(documents) == [[] for _ in documents]


def test_the_recipes_of_the_page_are_valid(of_kserve: Faults) -> None:
    text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    own = [document for document in map(yaml.safe_load, blocks) if "kserve" in str(document)]
    assert [each["kind"] for each in own] == ["InferenceService"]
    assert of_kserve(own) == [[]]


CONTAINER = ("spec", "template", "spec", "containers", 0)
BROKEN_PLAIN: dict[str, tuple[str, Change]] = {
    "a field that is not there": ("Deployment", (("spec", "replica"), 2)),
    "a number as a text": ("Deployment", ((*CONTAINER, "ports", 0, "containerPort"), "8000")),
    "a text as a number": ("Deployment", ((*CONTAINER, "env", 1, "value"), 9464)),
    "a capital less": ("Deployment", ((*CONTAINER, "readinessprobe"), {})),
    "another version": ("Deployment", (("apiVersion",), "apps/v2")),
    "a container without a name": ("Deployment", ((*CONTAINER, "name"), GONE)),
    "a selector that is missing": ("Deployment", (("spec", "selector"), GONE)),
    "a list that is none": ("Service", (("spec", "ports"), {"port": 80})),
    "an autoscaler of the version before": (
        "HorizontalPodAutoscaler",
        (("spec", "targetCPUUtilizationPercentage"), 70),
    ),
    "a field of the autoscaler": ("PodDisruptionBudget", (("spec", "minReplicas"), 1)),
    "a policy without its pods": ("NetworkPolicy", (("spec", "podSelector"), "vistazo")),
}
SERVED = ("spec", "containers", 0)
MODEL = ("spec", "predictor", "model")
BROKEN_KSERVE: dict[str, tuple[str, Change]] = {
    "a field that is not there": ("ClusterServingRuntime", (("spec", "protocolVersion"), ["v2"])),
    "a text for a list": ("ClusterServingRuntime", (("spec", "protocolVersions"), "v2")),
    "a context where there is none": ("ClusterServingRuntime", (("spec", "securityContext"), {})),
    "a runtime without a container": ("ClusterServingRuntime", (("spec", "containers"), GONE)),
    "a container without a name": ("ClusterServingRuntime", ((*SERVED, "name"), GONE)),
    "a number as a text": (
        "ClusterServingRuntime",
        ((*SERVED, "securityContext", "runAsUser"), "10001"),
    ),
    "a probe without its port": (
        "ClusterServingRuntime",
        ((*SERVED, "readinessProbe", "httpGet"), {"path": "/health/ready"}),
    ),
    "a volume with a small letter": (
        "ClusterServingRuntime",
        (("spec", "volumes", 0, "emptydir"), {}),
    ),
    "the version of the other": (
        "ClusterServingRuntime",
        (("apiVersion",), "serving.kserve.io/v1beta1"),
    ),
    "a version that is not there": ("InferenceService", (("apiVersion",), "serving.kserve.io/v1")),
    "no predictor": ("InferenceService", (("spec", "predictor"), GONE)),
    "replicas as a text": ("InferenceService", (("spec", "predictor", "minReplicas"), "0")),
    "a target in the plural": ("InferenceService", (("spec", "predictor", "scaleTargets"), 4)),
    "variables as a map": ("InferenceService", ((*MODEL, "env"), {"MODEL_PATH": "x"})),
    "a capital more": ("InferenceService", ((*MODEL, "storageURI"), "s3://bucket/mine")),
    "a yes as a text": (
        "InferenceService",
        (("spec", "predictor", "enableServiceLinks"), "false"),
    ),
}


def broken(documents: list[Manifest], kind: str, change: Change) -> Manifest:
    document = copy.deepcopy(next(each for each in documents if each["kind"] == kind))
    (*way, last), value = change
    target: Any = document
    for part in way:
        target = target[part]
    if value is GONE:
        del target[last]
    else:
        target[last] = value
    return document


def test_a_fault_in_a_plain_manifest_is_found(of_kubernetes: Faults) -> None:
    documents = [broken(plain_documents(), *each) for each in BROKEN_PLAIN.values()]
    found = dict(zip(BROKEN_PLAIN, of_kubernetes(documents), strict=True))
    assert [name for name, faults in found.items() if not faults] == []


def test_a_fault_in_a_manifest_of_kserve_is_found(of_kserve: Faults) -> None:
    documents = [broken(kserve_documents(), *each) for each in BROKEN_KSERVE.values()]
    found = dict(zip(BROKEN_KSERVE, of_kserve(documents), strict=True))
    assert [name for name, faults in found.items() if not faults] == []


def rendered(folder: Path) -> list[Manifest]:
    """As kustomize itself makes it."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl")
    command = [kubectl, "kustomize", str(folder)]
    environment = {**os.environ, "KUBECONFIG": os.devnull}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


@pytest.mark.parametrize("kind", KINDS)
def test_kustomize_makes_of_them_what_these_tests_read(kind: str) -> None:
    all_of_them = rendered(FOLDER / kind)
    for system in SYSTEMS:
        expected = manifests.of_system(kind, system)
        alone = rendered(FOLDER / kind / system)
        [found] = [each for each in alone if each["kind"] == expected["kind"]]
        assert all(each in all_of_them for each in alone)
        if kind == "kserve":
            assert found == expected
            continue
        assert found["metadata"]["name"] == f"vistazo-{system}"
        templates = (each["spec"]["template"] for each in (found, expected))
        [made], [read] = (each["spec"]["containers"] for each in templates)
        assert made == {**read, "image": "ghcr.io/OWNER/NAME:main"}


def test_what_kustomize_makes_of_the_five_is_valid_too(
    of_kubernetes: Faults, of_kserve: Faults
) -> None:
    plain, kserve = rendered(FOLDER / "plain"), rendered(FOLDER / "kserve")
    assert len(plain) == 5 * len(SYSTEMS)
    assert len(kserve) == 1 + len(SYSTEMS)
    assert of_kubernetes(plain) == [[] for _ in plain]
    assert of_kserve(kserve) == [[] for _ in kserve]


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_belongs_to_one_system_takes_hold_of_that_one_alone(system: str) -> None:
    labels = {"app.kubernetes.io/name": "vistazo", "app.kubernetes.io/instance": system}
    made = {each["kind"]: each for each in rendered(FOLDER / "plain" / system)}
    deployment = made["Deployment"]
    template = deployment["spec"]["template"]
    [spread] = template["spec"]["topologySpreadConstraints"]
    assert template["metadata"]["labels"] == labels
    assert deployment["spec"]["selector"] == {"matchLabels": labels}
    assert spread["labelSelector"] == {"matchLabels": labels}
    assert made["Service"]["spec"]["selector"] == labels
    assert made["PodDisruptionBudget"]["spec"]["selector"] == {"matchLabels": labels}
    assert made["NetworkPolicy"]["spec"]["podSelector"] == {"matchLabels": labels}
    scaled = made["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert scaled == {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"vistazo-{system}"}
    assert {each["metadata"]["name"] for each in made.values()} == {f"vistazo-{system}"}
