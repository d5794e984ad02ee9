"""The manifests of scripts/deploy/kubernetes are true to the repository, and to what takes them."""

from __future__ import annotations

import re
from itertools import product

import manifests
import pytest
import yaml
from manifests import FOLDER, KINDS, ROOT, SYSTEMS, container_of, environment_of, pod_of

from vistazo.service.settings import Settings

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
EVERY = pytest.mark.parametrize(("kind", "system"), list(product(KINDS, SYSTEMS)))
PLAIN = manifests.of_system("plain", "pneumonia")["spec"]
SERVED = manifests.of_system("kserve", "pneumonia")["spec"]["predictor"]
METRICS_PORT = 9464
# Knative's own container shares the pod's ports: pkg/apis/serving/k8s_validation.go and networking.
KNATIVE_PORTS = {8008, 8012, 8013, 8022, 9090, 9091}
KNATIVE_NAMES = {"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"}


def in_the_image(name: str) -> str:
    [found] = re.findall(rf"^\s*(?:ENV )?{name}=(\S+)", DOCKERFILE, re.MULTILINE)
    return str(found)


def settings_of(kind: str, system: str) -> Settings:
    """As they are read in the container, with the memory that it may have."""
    limit = container_of(kind, system)["resources"]["limits"]["memory"]
    environment = {"CACHE_DIR": in_the_image("CACHE_DIR"), **environment_of(kind, system)}
    return Settings.from_environment(environment, int(limit.removesuffix("Mi")) * 2**20)


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_folder_for_each_of_the_five_and_one_command_takes_all(kind: str) -> None:
    folders = {each.name for each in (FOLDER / kind).iterdir() if each.is_dir()}
    assert folders == {"base", "keys", *SYSTEMS}
    [together] = manifests.read(FOLDER / kind / "kustomization.yaml")
    assert [each for each in together["resources"] if each != "runtime.yaml"] == list(SYSTEMS)


@EVERY
def test_a_system_serves_what_it_serves_with_compose(kind: str, system: str) -> None:
    passed = COMPOSE[system]["environment"]
    [of_the_image] = re.findall(r'MODEL_PATH="\$\{MODEL_PATH:-(.+?)\}"', DOCKERFILE)
    of_compose = re.sub(r"^\$\{\w+:-(.+)\}$", r"\1", passed["MODEL_PATH"] or of_the_image)
    model = environment_of(kind, system)["MODEL_PATH"]
    assert model == of_compose
    assert (ROOT / model.removeprefix("/app/")).is_file()


@EVERY
def test_it_has_the_memory_that_it_was_measured_with(kind: str, system: str) -> None:
    resources = container_of(kind, system)["resources"]
    asked, most = resources["requests"], resources["limits"]
    assert most["memory"] == COMPOSE[system]["mem_limit"].removesuffix("m") + "Mi"
    assert asked["memory"] == most["memory"], "nobody else counts on it"
    assert set(asked) == set(most) == {"cpu", "memory"}, "KServe fills in what is missing"


@EVERY
def test_every_variable_is_a_setting_with_a_value_that_it_takes(kind: str, system: str) -> None:
    named = {each["name"] for each in container_of(kind, system)["env"]}
    assert named <= {name.upper() for name in Settings.model_fields}
    read = settings_of(kind, system)
    assert str(read.model_path) == environment_of(kind, system)["MODEL_PATH"]


@EVERY
def test_those_who_ask_for_keys_with_compose_ask_here_too(kind: str, system: str) -> None:
    asks = COMPOSE[system]["environment"]["API_KEYS"] is not None
    pod = pod_of(kind, system)
    [container] = pod["spec"]["containers"]
    mounted = [each for each in container["volumeMounts"] if each["name"] == "keys"]
    secrets = [each["secret"] for each in pod["spec"]["volumes"] if "secret" in each]
    assert ("API_KEYS_FILE" in environment_of(kind, system)) == asks
    assert mounted == [{"name": "keys", "mountPath": "/etc/vistazo/keys", "readOnly": True}] * asks
    assert secrets == [{"secretName": "vistazo-keys"}] * asks, "without it the pod does not start"


def test_no_key_stands_in_a_manifest() -> None:
    texts = [each.read_text(encoding="utf-8") for each in FOLDER.rglob("*.yaml")]
    assert len(texts) > 15
    assert not [text for text in texts if re.search(r"hmac-|vz_|kind: Secret|stringData", text)]
    for kind, system in product(KINDS, SYSTEMS):
        secret = [each for each in container_of(kind, system)["env"] if "value" not in each]
        assert all(set(each["valueFrom"]) == {"secretKeyRef"} for each in secret)
        assert not {"API_KEYS", "JWT_SECRET"} & set(environment_of(kind, system))


@EVERY
def test_what_each_system_says_has_taken_the_place_of_what_the_base_leaves_open(
    kind: str, system: str
) -> None:
    assert "set-by-the-system" in (FOLDER / kind / "base" / manifests.BASES[kind]).read_text()
    assert "set-by-the-system" not in str(manifests.of_system(kind, system))


@EVERY
def test_it_listens_where_it_is_asked(kind: str, system: str) -> None:
    container, annotations = container_of(kind, system), pod_of(kind, system)["annotations"]
    assert container["ports"][0]["containerPort"] == int(in_the_image("PORT"))
    assert environment_of(kind, system)["METRICS_PORT"] == str(METRICS_PORT)
    asked = [value for name, value in annotations.items() if name.endswith("/port")]
    assert asked == [str(METRICS_PORT)]
    assert METRICS_PORT not in KNATIVE_PORTS
    port = {"plain": "http", "kserve": 8000}[kind]
    probes = [each["httpGet"] for name, each in container.items() if name.endswith("Probe")]
    assert {each["port"] for each in probes} == {port}
    assert {each["path"] for each in probes} == {"/health/live", "/health/ready"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


@EVERY
def test_a_pod_meets_the_restricted_standard_for_pods(kind: str, system: str) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, all of "restricted"."""
    spec, context = pod_of(kind, system)["spec"], container_of(kind, system)["securityContext"]
    [user] = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert (context["runAsUser"], context["runAsGroup"]) == tuple(map(int, user))
    assert context["runAsNonRoot"] is context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {name for each in spec["volumes"] for name in each} <= {"name", "emptyDir", "secret"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False, "a Service called metrics would set METRICS_PORT"


@EVERY
def test_a_folder_can_be_written_and_hides_nothing_of_the_image(kind: str, system: str) -> None:
    mounts = {each["mountPath"] for each in container_of(kind, system)["volumeMounts"]}
    assert "/tmp" in mounts  # noqa: S108
    kept = [in_the_image("CACHE_DIR"), "/app", "/opt/venv"]
    assert not [each for each in mounts for place in kept if f"{place}/".startswith(f"{each}/")]
    assert "CACHE_DIR" not in environment_of(kind, system), "there the image has it compiled"
    names = {each["name"] for each in pod_of(kind, system)["spec"]["volumes"]}
    assert names == {each["name"] for each in container_of(kind, system)["volumeMounts"]}


def test_the_two_ways_say_the_same_of_the_container() -> None:
    plain, served = (container_of(kind, "pneumonia") for kind in KINDS)
    for name in ("image", "securityContext", "volumeMounts"):
        if name == "image":
            [base] = manifests.read(FOLDER / "plain" / "base" / "kustomization.yaml")
            [chosen] = base["images"]
            assert chosen["name"] == plain["image"]
            assert served["image"] == f"{chosen['newName']}:{chosen['newTag']}"
        else:
            assert plain[name] == served[name]
    assert environment_of("plain", "pneumonia") == environment_of("kserve", "pneumonia")


def test_knative_takes_a_pod_of_kserve() -> None:
    """What its webhook refuses, as pkg/apis/serving/fieldmask.go and k8s_validation.go have it."""
    for system in SYSTEMS:
        spec, container = pod_of("kserve", system)["spec"], container_of("kserve", system)
        assert container["name"] == "kserve-container"
        assert container["ports"] == [{"name": "http1", "containerPort": 8000}], "one, so named"
        assert not KNATIVE_NAMES & {each["name"] for each in container["env"]}
        assert not {"lifecycle", "stdin", "tty"} & set(container)
        assert not {"securityContext", "terminationGracePeriodSeconds"} & set(spec)


def test_a_runtime_without_a_model_of_its_own_serves_no_other() -> None:
    [container] = manifests.runtime()["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert environment["MODEL_PATH"] == "/mnt/models/{{.Name}}.keras", "not that of the image"


def test_an_inference_service_asks_for_what_the_runtime_has() -> None:
    formats = manifests.runtime()["spec"]["supportedModelFormats"]
    versions = manifests.runtime()["spec"]["protocolVersions"]
    assert not any(each["autoSelect"] for each in formats), "nobody gets it who has not named it"
    for system in SYSTEMS:
        document = manifests.of_system("kserve", system)
        model = document["spec"]["predictor"]["model"]
        assert document["metadata"]["name"] == system
        assert model["runtime"] == manifests.runtime()["metadata"]["name"]
        assert model["protocolVersion"] in versions
        assert model["modelFormat"]["name"] in {each["name"] for each in formats}
        assert "storageUri" not in model, "its model is in the image"


@pytest.mark.parametrize("system", SYSTEMS)
def test_knative_sends_as_many_at_a_time_as_have_a_place_and_starts_another_before(
    system: str,
) -> None:
    policy = settings_of("kserve", system).admission_policy
    assert SERVED["containerConcurrency"] == policy.places
    assert policy.workers < SERVED["scaleTarget"] < SERVED["containerConcurrency"]
    assert (SERVED["scaleMetric"], SERVED["minReplicas"]) == ("concurrency", 0)


def busy_with(in_the_service: float, spread: float) -> int:
    """Percent of its time that one worker is, by the formula of Pollaczek and Khinchine; ``spread``
    is the squared coefficient of variation of what an answer takes.
    """

    def present(busy: float) -> float:
        return busy + busy**2 * (1 + spread) / (2 * (1 - busy))

    return min(range(100), key=lambda percent: abs(present(percent / 100) - in_the_service))


def test_the_page_says_how_busy_an_instance_is_when_another_starts() -> None:
    text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    [row] = re.findall(r"^\| `scaleTarget` .*$", text, re.MULTILINE)
    target = SERVED["scaleTarget"]
    at_most = [busy_with(target, spread) for spread in (1, 0)]
    aimed_at = [busy_with(0.7 * target, spread) for spread in (1, 0)]
    assert [int(each) for each in re.findall(r"(\d+)(?= %| to)", row)] == [
        *at_most, 70, *aimed_at
    ]  # fmt: skip


def test_a_pod_has_the_time_to_answer_whom_it_has_taken() -> None:
    pod, settings = PLAIN["template"]["spec"], settings_of("plain", "pneumonia")
    [container] = pod["containers"]
    waits_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] >= waits_s + settings.drain_timeout_s + 5
    assert SERVED["timeout"] >= settings.drain_timeout_s, "of Knative both are one"


def test_a_rollout_takes_no_pod_away_before_another_is_ready() -> None:
    assert PLAIN["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "replicas" not in PLAIN, "what is applied again would undo the autoscaler"
    [scaler] = manifests.read(FOLDER / "plain" / "base" / "autoscaler.yaml")
    [budget] = manifests.read(FOLDER / "plain" / "base" / "disruption-budget.yaml")
    assert scaler["spec"]["minReplicas"] > budget["spec"]["maxUnavailable"]


def test_a_model_that_is_compiled_at_the_start_is_not_ended_for_it() -> None:
    settings = settings_of("plain", "pneumonia")
    [container] = PLAIN["template"]["spec"]["containers"]
    startup = container["startupProbe"]
    given_s = startup["periodSeconds"] * startup["failureThreshold"]
    assert given_s >= 2 * settings.model_timeout_s, "reading, and then trying it"


def test_the_autoscaler_wants_less_than_a_pod_may_have() -> None:
    [scaler] = manifests.read(FOLDER / "plain" / "base" / "autoscaler.yaml")
    [metric] = scaler["spec"]["metrics"]
    wanted = int(metric["resource"]["target"]["averageValue"].removesuffix("m"))
    [container] = PLAIN["template"]["spec"]["containers"]
    assert wanted < 1000 * int(container["resources"]["limits"]["cpu"])


def test_only_the_ports_that_there_are_can_be_reached() -> None:
    [policy] = manifests.read(FOLDER / "plain" / "base" / "network-policy.yaml")
    [service] = manifests.read(FOLDER / "plain" / "base" / "service.yaml")
    [container] = PLAIN["template"]["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert ports == {"http": 8000, "metrics": METRICS_PORT}
    requests, questions = policy["spec"]["ingress"]
    assert requests == {"ports": [{"port": "http"}]}
    assert questions["ports"] == [{"port": "metrics"}]
    assert questions["from"], "not everybody"
    assert policy["spec"]["egress"] == []
    assert [each["targetPort"] for each in service["spec"]["ports"]] == ["http"]


def test_the_page_says_what_a_client_has_to_ask_for() -> None:
    text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    for system in SYSTEMS:
        assert f"| `{system}` | `{manifests.card_of('kserve', system)['name']}` |" in text
