"""The files that other programs read: each is valid, and true to the repository."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from expected_model import blueprint_path

import deploy
import vistazo
from vistazo.service import small_plan
from vistazo.service.settings import Settings

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
# Render's own schema (https://render.com/schema/render.yaml.json) comes with no package. These are
# the fields of it that this project uses, as https://render.com/docs/blueprint-spec has them.
BLUEPRINT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["services"],
    "properties": {
        "services": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["type", "name", "runtime"],
                "properties": {
                    "type": {"enum": ["web", "worker", "pserv"]},
                    "name": {"type": "string"},
                    "runtime": {"enum": ["docker", "image"]},
                    "plan": {"enum": ["free", "starter", "standard", "pro"]},
                    "region": {"enum": ["oregon", "ohio", "frankfurt", "singapore", "virginia"]},
                    "dockerfilePath": {"type": "string"},
                    "dockerContext": {"type": "string"},
                    "healthCheckPath": {"type": "string", "pattern": "^/"},
                    "autoDeployTrigger": {"enum": ["off", "commit", "checksPass"]},
                    "buildFilter": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"paths": TEXTS, "ignoredPaths": TEXTS},
                    },
                    "envVars": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["key"],
                            "properties": {
                                "key": {"type": "string"},
                                "value": {"type": ["string", "number"]},
                                "sync": {"type": "boolean"},
                                "generateValue": {"type": "boolean"},
                            },
                        },
                    },
                },
            },
        }
    },
}
# Railway's (https://railway.com/railway.schema.json) neither; the fields and values are those of
# https://docs.railway.com/reference/config-as-code.
RAILWAY = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "https://railway.com/railway.schema.json"},
        "build": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "builder": {"enum": ["RAILPACK", "DOCKERFILE"]},
                "dockerfilePath": {"type": "string"},
                "watchPatterns": TEXTS,
            },
        },
        "deploy": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "startCommand": {"type": "string"},
                "healthcheckPath": {"type": "string", "pattern": "^/"},
                "healthcheckTimeout": {"type": "number"},
                "restartPolicyType": {"enum": ["ON_FAILURE", "ALWAYS", "NEVER"]},
                "restartPolicyMaxRetries": {"type": "number"},
            },
        },
    },
}


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))  # JSON is YAML


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.compose-spec", [ROOT / "docker-compose.yml"]),
    ],
)
def test_workflows_and_compose_are_valid(schema: str, files: list[Path]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_blueprint_is_valid_and_deploys_only_what_passed_its_checks() -> None:
    blueprint = read("render.yaml")
    jsonschema.validate(blueprint, BLUEPRINT)
    [service] = blueprint["services"]
    assert service["plan"] == "free"
    assert service["healthCheckPath"] == "/health/ready"
    assert service["autoDeployTrigger"] == "checksPass"


def test_railway_is_valid_and_builds_the_dockerfile() -> None:
    railway = read("railway.json")
    jsonschema.validate(railway, RAILWAY)
    assert railway["build"]["builder"] == "DOCKERFILE"
    assert railway["deploy"]["healthcheckPath"] == "/health/ready"


def test_a_fault_in_the_blueprint_would_be_found() -> None:
    blueprint = read("render.yaml")
    blueprint["services"][0]["autodeploytrigger"] = "checksPass"
    with pytest.raises(jsonschema.ValidationError, match="autodeploytrigger"):
        jsonschema.validate(blueprint, BLUEPRINT)


def test_the_files_that_are_named_exist() -> None:
    service = read("render.yaml")["services"][0]
    railway = read("railway.json")["build"]
    named = [*service["buildFilter"]["paths"], *railway["watchPatterns"]]
    named += [service["dockerfilePath"], railway["dockerfilePath"]]
    named += [read("docker-compose.yml")["services"]["test"]["build"]["dockerfile"]]
    named += re.findall(r"(?:bash |python3 |\./)([\w./-]*scripts/[\w./-]+|\.ci/run)", workflows())
    named += re.findall(r"python (\S+) serve", (ROOT / "Procfile").read_text(encoding="utf-8"))
    assert len(named) > 16
    for path in named:
        assert (ROOT / path.removesuffix("/**")).exists(), path


def test_whatever_the_image_is_made_of_makes_the_hosts_build_again() -> None:
    copied = re.findall(
        r"^COPY (?!--from)(.+?) \S+$", DOCKERFILE.replace("\\\n", " "), re.MULTILINE
    )
    sources = {each for line in copied for each in line.split() if not each.startswith("$")}
    watched = [
        set(read("render.yaml")["services"][0]["buildFilter"]["paths"]),
        set(read("railway.json")["build"]["watchPatterns"]),
    ]
    assert sources > {"artifacts", "src"}
    for paths in watched:
        assert {"Dockerfile", ".dockerignore", "requirements.txt"} <= paths
        for source in sources:
            assert any(source.startswith(path.removesuffix("/**")) for path in paths), source


def test_the_procfile_runs_what_the_container_runs() -> None:
    [line] = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    kind, _, command = line.partition(": ")
    assert kind == "web"
    assert f"CMD {json.dumps(command.split())}" in DOCKERFILE


def test_compose_runs_the_service_as_on_a_small_plan() -> None:
    service = read("docker-compose.yml")["services"]["pneumonia"]
    assert service["mem_limit"] == service["memswap_limit"] == "256m"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert f"CMD {json.dumps(service['healthcheck']['test'][1:])}" in DOCKERFILE


# Which model, and what its numbers mean: the build needs to know it, and so does the service.
OF_THE_MODEL = [
    "MODEL_PATH", "MODEL_WEIGHTS", "MODEL_CARD", "MODEL_LABELS", "MODEL_BASELINE",
    "VECTORIZER_PATH", "MODEL_SHA256", "MAX_MODEL_BYTES", "ALLOW_CONTROL_FLOW", "LABELS", "SCALE",
    "COLOUR", "RESIZE", "INPUT_SIZE", "KERAS_LAYERS", "ENGINE", "PRECISION",
]  # fmt: skip


def test_an_image_for_a_gpu_is_built_without_one() -> None:
    """Its model is compiled and tried on the CPU, so the device is said after that."""
    assert 0 < DOCKERFILE.find("deploy.py prepare") < DOCKERFILE.find('DEVICE="${DEVICE}"')
    services = read("docker-compose.yml")["services"]
    assert services["pneumonia"]["build"]["args"]["DEVICE"] is None, "as the shell has it"
    assert services["cuda"]["build"]["args"]["DEVICE"] == "cuda"
    [gpu] = services["cuda"]["deploy"]["resources"]["reservations"]["devices"]
    assert gpu["capabilities"] == ["gpu"]


@pytest.mark.parametrize(
    ("engine", "device", "expected"),
    [
        ("", "", "requirements.txt"),
        ("onnx", "cpu", "requirements.txt"),
        ("openvino", "", "scripts/requirements/openvino.txt"),
        ("", "cuda", "scripts/requirements/cuda.txt"),
    ],
)
def test_the_image_holds_what_its_engine_and_device_need(
    engine: str, device: str, expected: str
) -> None:
    [choice] = re.findall(r"^RUN (case .*?esac)", DOCKERFILE, re.DOTALL | re.MULTILINE)
    script = choice.replace("\\\n", " ") + "; echo ${REQUIREMENTS:-${needed:-requirements.txt}}"
    environment = {"ENGINE": engine, "DEVICE": device}
    done = subprocess.run(
        ["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected
    assert (ROOT / expected).is_file()
    assert '-r "/tmp/${REQUIREMENTS:-${needed:-requirements.txt}}"' in DOCKERFILE


@pytest.mark.parametrize("name", OF_THE_MODEL)
def test_any_model_is_built_in_and_served_with_the_same_settings(name: str) -> None:
    declared, kept, prepared = (
        DOCKERFILE.find(line) for line in (f'ARG {name}=""', f'{name}="${{{name}', "deploy.py prep")
    )
    assert 0 < declared < kept < prepared
    service = read("docker-compose.yml")["services"]["pneumonia"]
    assert service["build"]["args"][name] is None, "as the shell has it"
    assert service["environment"][name] is None
    steps = read(".github/workflows/deploy.yml")["jobs"]["build"]["steps"]
    arguments = next(step["with"]["build-args"] for step in steps if "build-args" in str(step))
    assert f"{name}=${{{{ vars.{name} }}}}\n" in arguments


def test_compose_passes_every_setting_that_the_container_leaves_open() -> None:
    passed = read("docker-compose.yml")["services"]["pneumonia"]["environment"]
    settings = {name.upper() for name in Settings.model_fields}
    assert settings - {"CACHE_DIR"} <= set(passed)
    assert set(passed) - settings <= set(OF_THE_MODEL)
    assert {name for name, value in passed.items() if value is not None} == {"HOST", "PORT"}


def packages(requirements: str) -> dict[str, str]:
    """Each with its version and hashes, as a locked set has it."""
    found = re.findall(r"^([\w.-]+)(==(?:.*\\\n)+.*)", requirements, re.MULTILINE)
    return dict(found)


def test_the_image_has_what_speaks_to_redis_where_that_is_asked_for() -> None:
    [command] = re.findall(r"sed -nE '(.*)' /tmp/(scripts/requirements/redis.txt)", DOCKERFILE)
    said = subprocess.run(
        ["sed", "-nE", command[0], str(ROOT / command[1])],  # noqa: S607
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    served = packages((ROOT / "requirements.txt").read_text("utf-8"))
    with_redis = packages((ROOT / command[1]).read_text("utf-8"))
    beside = {name: with_redis[name] for name in with_redis.keys() - served.keys()}
    assert packages(said) == beside
    assert "redis" in beside
    assert served == {name: with_redis[name] for name in served}
    replicas = read("docker-compose.yml")["services"]["replica-1"]
    assert replicas["build"]["args"]["REDIS"] == "1"
    assert replicas["environment"]["REDIS_URL"] == "${REDIS_URL:-redis://redis:6379/0}"


def test_the_image_has_what_writes_reports_where_that_is_asked_for() -> None:
    [command] = re.findall(r"sed -nE '(.*)' /tmp/(scripts/requirements/reports.txt)", DOCKERFILE)
    said = subprocess.run(
        ["sed", "-nE", command[0], str(ROOT / command[1])],  # noqa: S607
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    served = packages((ROOT / "requirements.txt").read_text("utf-8"))
    with_reports = packages((ROOT / command[1]).read_text("utf-8"))
    assert packages(said) == {
        name: with_reports[name] for name in with_reports.keys() - served.keys()
    }
    assert "highdicom" in packages(said)


SYSTEMS = ("pneumonia", "pictures", "news", "quality", "leaves")


def test_the_five_systems_of_compose_have_a_gigabyte_and_a_port_each() -> None:
    services = read("docker-compose.yml")["services"]
    five = {name: services[name] for name in SYSTEMS}
    alone = {name for name, each in services.items() if "profiles" not in each}
    assert alone == {"pneumonia"}
    assert all(five[name]["profiles"] == ["all"] for name in SYSTEMS[1:])
    limits = [int(each["mem_limit"].removesuffix("m")) * 2**20 for each in five.values()]
    assert sum(limits) <= 1_000_000_000
    assert all(each["memswap_limit"] == each["mem_limit"] for each in five.values())
    published = [each["ports"][0].partition(":")[0] for each in list(five.values())[1:]]
    assert published == ["8001", "8002", "8003", "8004"]
    folders = [each["volumes"][1] for each in five.values()]
    assert len(set(folders)) == len(SYSTEMS), "each keeps its own records"


@pytest.mark.parametrize("name", SYSTEMS[1:])
def test_a_system_of_compose_serves_a_model_of_the_image_with_every_setting_but_its_meaning(
    name: str,
) -> None:
    service = read("docker-compose.yml")["services"][name]
    passed, first = service["environment"], read("docker-compose.yml")["services"]["pneumonia"]
    meaning = set(OF_THE_MODEL) - {"ENGINE", "PRECISION", "MODEL_PATH", "MODEL_LABELS"}
    assert set(first["environment"]) - meaning - {"MODEL_LABELS"} <= set(passed)
    assert not meaning & set(passed), "the shell's are those of another model"
    model = re.fullmatch(r"\$\{\w+:-/app/(artifacts/[\w./]+)\}", passed["MODEL_PATH"])
    assert model
    assert (ROOT / model.group(1)).parent.is_dir()
    assert service["build"] == first["build"]


@pytest.mark.parametrize("name", ["news", "quality", "leaves"])
def test_a_system_that_asks_for_keys_lets_nobody_in_without_them(name: str) -> None:
    passed = read("docker-compose.yml")["services"][name]["environment"]
    assert passed["API_KEYS"] == "${API_KEYS:-}", "set, if only to nothing"


def test_leaves_is_inside_on_port_80_and_takes_a_gpu_where_there_is_one() -> None:
    leaves = read("docker-compose.yml")["services"]["leaves"]
    assert (leaves["environment"]["PORT"], leaves["ports"]) == ("80", ["8004:80"])
    assert leaves["environment"]["DEVICE"] == "${DEVICE:-auto}"


def test_three_replicas_stand_behind_the_balancer_and_can_be_reached_through_it_alone() -> None:
    services = read("docker-compose.yml")["services"]
    replicas = [name for name in services if name.startswith("replica-")]
    balancer = services["balancer"]
    assert balancer["depends_on"] == replicas
    assert balancer["environment"]["REPLICAS"].split() == [f"{each}:8000" for each in replicas]
    caddyfile = (ROOT / "scripts/deploy/Caddyfile").read_text(encoding="utf-8")
    assert f"{{$REPLICAS:{balancer['environment']['REPLICAS']}}}" in caddyfile
    assert "./scripts/deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in balancer["volumes"]
    subnet = read("docker-compose.yml")["networks"]["scale"]["ipam"]["config"][0]["subnet"]
    for each in (services[name] for name in replicas):
        assert "ports" not in each
        assert each["environment"]["TRUSTED_PROXIES"] == subnet, "rates see who calls"
        assert each["volumes"] == services["pneumonia"]["volumes"], "they share their records"


def test_the_models_that_compose_mounts_are_there_without_being_set() -> None:
    mounted, records = read("docker-compose.yml")["services"]["pneumonia"]["volumes"]
    assert f"-o 10001 -g 10001 {records.partition(':')[2]} " in DOCKERFILE
    found = re.fullmatch(r"\$\{MODELS:-(.+)\}:/models:ro", mounted)
    assert found
    assert (ROOT / found.group(1)).is_dir()


def test_the_image_and_the_blueprint_have_the_same_default_model() -> None:
    [of_the_image] = re.findall(r'MODEL_PATH="\$\{MODEL_PATH:-(.+?)\}"', DOCKERFILE)
    assert of_the_image == blueprint_path()
    assert (ROOT / of_the_image.removeprefix("/app/")).is_file()


def test_a_deploy_is_tested_for_the_model_that_its_image_was_built_with() -> None:
    jobs = read(".github/workflows/deploy.yml")["jobs"]
    asks = next(step for step in jobs["build"]["steps"] if step.get("id") == "model")
    assert f"/var/cache/vistazo/{deploy.RECORD}" in asks["run"]
    assert "CACHE_DIR=/var/cache/vistazo" in DOCKERFILE
    assert jobs["build"]["outputs"]["model_sha256"] == "${{ steps.model.outputs.sha256 }}"
    [tests] = [step for step in jobs["deploy"]["steps"] if "render" in step.get("run", "")]
    assert "needs.build.outputs.model_sha256" in tests["env"]["MODEL_SHA256"]
    assert '--model-sha256 "$MODEL_SHA256"' in tests["run"]


def test_the_image_says_the_version_of_the_package() -> None:
    assert f"ARG VERSION={vistazo.__version__}\n" in DOCKERFILE


def test_the_image_has_its_settings_where_the_hosts_expect_them() -> None:
    assert "EXPOSE 8000" in DOCKERFILE
    for setting in ("PORT=8000", "PYTHONPATH=/app/src", "ORT_DISABLE_TELEMETRY=1"):
        assert setting in DOCKERFILE
    for name in small_plan.SETTINGS:  # the service sees to these itself, by the memory it has
        assert f"{name}=" not in DOCKERFILE


def test_what_is_served_holds_no_tensorflow() -> None:
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert "onnxruntime==" in locked
    assert not re.search(r"^(tensorflow|keras|tf-keras)\b", locked, re.MULTILINE)


def workflows() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)


def test_every_action_is_pinned_by_commit_and_says_its_version() -> None:
    uses = re.findall(r"uses: (.*)", workflows())
    assert len(uses) > 5
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_one_action_has_one_version_everywhere() -> None:
    pinned = {line.split("@")[0]: set() for line in re.findall(r"uses: (.*)", workflows())}
    for line in re.findall(r"uses: (.*)", workflows()):
        pinned[line.split("@")[0]].add(line)
    assert all(len(lines) == 1 for lines in pinned.values()), pinned


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_unless_a_job_says_more(path: Path) -> None:
    workflow = read(str(path.relative_to(ROOT)))
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        publishes = {"id-token", "pages"} if path.name == "docs.yml" else {"packages"}
        assert set(job.get("permissions", {})) <= {"contents", *publishes}, name
        assert job.get("permissions", {}).get("contents", "read") == "read", name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_does_not_run_beside_itself(path: Path) -> None:
    workflow = read(str(path.relative_to(ROOT)))
    jobs = workflow["jobs"].values()
    assert "concurrency" in workflow or all("concurrency" in job for job in jobs)


def test_nothing_from_outside_is_pasted_into_a_command() -> None:
    for path in WORKFLOWS:
        for job in read(str(path.relative_to(ROOT)))["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", ""), path.name


def test_ci_runs_on_the_oldest_and_the_newest_supported_python() -> None:
    versions = read(".github/workflows/ci.yml")["jobs"]["checks"]["strategy"]["matrix"]["python"]
    oldest = re.search(r'requires-python = ">=(.*)"', (ROOT / "pyproject.toml").read_text())
    assert oldest
    assert versions == [oldest.group(1), "3.13"]
