"""README and docs/ are true: their commands run, their tables are complete, their links lead on."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from builders import card, encoded, film, flat, write_brightness_model
from documents import PAGES, README, ROOT, commands, text_of
from estimator_files import spam_words, write_estimator
from shown_answers import as_shown
from vistazo.api.problems import TITLES
from vistazo.models.card_file import TEXTS, parse_card_of, validate_card
from vistazo.python.load import LoadOptions
from vistazo.service.settings import Settings

COMMANDS = commands()
FILM = ROOT.parent.joinpath(
    "shared/data/chest_xray_fullres/PNEUMONIA/person1177_bacteria_3125.jpeg"
)
# These run elsewhere: the first two are what this run itself was started with, or what every
# server test starts; training has tests of its own.
ELSEWHERE = (
    "./scripts/serve",
    "./scripts/test",
    "MODEL_PATH=",
    "./scripts/train",
    "./scripts/visualize",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = encoded(film(900, 700), "JPEG")
    (tmp_path / "film.jpeg").write_bytes(data)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "one.jpeg").write_bytes(data)
    for label, grey in (("DARK", 30), ("BRIGHT", 220)):
        (tmp_path / "labelled_pictures" / label).mkdir(parents=True)
        for more in range(20):
            picture = encoded(flat(grey + more, 60, 60))
            (tmp_path / "labelled_pictures" / label / f"{more}.png").write_bytes(picture)
    (tmp_path / "training_pictures").mkdir()
    for number in range(80):
        grey = encoded(flat(60 + number, 40, 40))
        (tmp_path / "training_pictures" / f"{number}.png").write_bytes(grey)
    (tmp_path / "unseen_pictures").symlink_to(tmp_path / "training_pictures")
    for name in ("my_model.h5", "my_next_model.h5"):
        write_brightness_model(tmp_path / name, maps=True)
    write_estimator(spam_words(), tmp_path / "news.joblib")
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in COMMANDS
        if line.startswith("./scripts/vistazo") and not line.startswith(ELSEWHERE)
    ],
)
def test_a_command_of_the_documentation_runs(
    line: str, folder: Path, vistazo: Callable[..., Any]
) -> None:
    command, _, redirected = line.partition(" > ")
    done = vistazo(*shlex.split(command)[1:], cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert not redirected or redirected.endswith((".csv", ".card.yaml"))


def test_the_program_of_the_documentation_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = README.read_text(encoding="utf-8") + text_of("python.md")
    program = "".join(re.findall(r"```python\n(.*?)```", texts, re.DOTALL))
    monkeypatch.chdir(folder)
    exec(compile(program, "docs/python.md", "exec"), {})  # noqa: S102
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith(("DARK 0.", "BRIGHT 0."))
    assert last == "brightness 1.0.0 ('DARK', 'BRIGHT') ()"
    assert (folder / "heatmap.png").read_bytes().startswith(b"\x89PNG")


def test_every_option_of_a_program_is_documented() -> None:
    assert all(f"`{name}`" in text_of("python.md") for name in LoadOptions.__annotations__)


def test_the_curl_of_the_readme_gets_the_answer_of_the_readme(
    folder: Path, running: Callable[..., Any]
) -> None:
    if FILM.exists():  # the film whose answer the README shows
        (folder / "film.jpeg").write_bytes(FILM.read_bytes())
    line = next(line for line in COMMANDS if line.startswith("curl"))
    with running() as service:
        command = shlex.split(line.replace("http://localhost:8000", service.url))
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    block = re.search(r"```json\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    shown, said = as_shown(json.loads(block[1])), as_shown(json.loads(done.stdout))
    assert list(shown) == list(said)
    assert shown["model"] == said["model"]
    assert shown == said or not FILM.exists()
    for name in shown:
        assert f"| `{name}` |" in text_of("http.md")


def test_the_card_of_a_model_of_texts_is_one_and_fits_its_published_schema() -> None:
    shown = re.search(r"```yaml\n(task: text\n.*?)```", text_of("texts.md"), re.DOTALL)
    assert shown
    assert parse_card_of(shown.group(1), TEXTS).route == "/falsetrue"
    said = yaml.safe_load(shown.group(1))
    schema = json.loads((ROOT / "artifacts" / "model-card.schema.json").read_text("utf-8"))
    jsonschema.validate(said, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**said, "input": {"height": 8}}, schema)


def test_the_card_of_several_outputs_is_one_and_fits_the_schema() -> None:
    shown = re.search(r"```yaml\n(labels:.*?)```", text_of("own-model.md"), re.DOTALL)
    assert shown
    said = yaml.safe_load(shown.group(1))
    document = {**card().model_dump(mode="json"), **said}
    assert list(validate_card(document, "own-model.md").more_outputs) == list(said["more_outputs"])
    schema = json.loads((ROOT / "artifacts" / "model-card.schema.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    document["more_outputs"]["age"]["kind"] = "years"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_no_command_of_the_documentation_is_left_untested() -> None:
    tested = ("curl", "./scripts/vistazo")
    assert all(line.startswith((*tested, *ELSEWHERE)) for line in COMMANDS)


def test_every_setting_is_documented_with_its_default() -> None:
    table = text_of("settings.md")
    defaults = Settings.from_environment({}).model_dump()
    for name, field in Settings.model_fields.items():
        row = re.search(rf"^\| `{name.upper()}` \| (.*?) \|", table, re.MULTILINE)
        assert row, f"{name.upper()} is missing"
        is_known = field.default_factory is None or name == "model_path"
        if is_known and row.group(1) != "beside the model":
            default = defaults[name]
            if name == "model_path":
                default = default.relative_to(ROOT)
            assert row.group(1) == ("none" if default is None else f"`{default}`")


def test_every_problem_that_a_caller_can_meet_is_documented() -> None:
    table = text_of("errors.md")
    for code in TITLES:
        assert f"| `{code}` |" in table or code == "internal"


LINKING = [
    *PAGES,
    README,
    ROOT / "scripts" / "peers" / "README.md",
    ROOT / ".github" / "SECURITY.md",
    *sorted(ROOT.glob("artifacts/*/README.md")),
]


@pytest.mark.parametrize("document", LINKING, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


def test_every_program_that_measures_is_named_and_every_one_that_is_named_exists() -> None:
    named = set(re.findall(r"\b(?:measure|search)_\w+\.py", text_of("measured.md")))
    assert named == {
        file.name
        for file in (ROOT / "scripts").iterdir()
        if re.match("(measure|search)_", file.name)
    }


def test_the_readme_is_what_a_newcomer_needs_and_no_longer() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def _anchors(file: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_test_that_the_security_policy_names_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / ".github" / "SECURITY.md").read_text("utf-8"))
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 40
    assert [name for name in named if f"def {name}(" not in tests] == []
