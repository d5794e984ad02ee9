from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

import builders
from training.labelled_pictures import tiny_config, write_flat_pictures
from vistazo.engines.base import Outputs
from vistazo.errors import InputError, SettingsError
from vistazo.training.collection import find_pictures
from vistazo.training.config import TrainingConfig
from vistazo.training.datasets import load_pictures
from vistazo.training.progress import Progress
from vistazo.training.report import add_served_figures, file_sha256
from vistazo.training.selection import Selection, check_run, select_all, select_held_out
from vistazo.training.served import score
from vistazo.training.splits import split_by_group

LABELS = ("DARK", "BRIGHT")


def _silent() -> Progress:
    return Progress(stream=io.StringIO())


@pytest.fixture
def config(tmp_path: Path) -> TrainingConfig:
    greys = {"DARK": list(range(10, 110, 10)), "BRIGHT": list(range(150, 250, 10))}
    return tiny_config(
        write_flat_pictures(tmp_path / "pictures", greys),
        labels=LABELS,
        positive="BRIGHT",
        data={"folder": tmp_path / "pictures"},
    )


def test_only_what_training_did_not_train_on_is_scored(config: TrainingConfig) -> None:
    engine = builders.BrightnessEngine()
    selection = select_held_out(config, LABELS, _silent())
    scored = score(builders.brightness_classifier(engine), selection, 2, _silent())
    pictures = load_pictures(config)
    split = split_by_group(pictures.labels, pictures.groups, config.splits)
    for part, rows in (("holdout", split.holdout), ("validation", split.validation)):
        _, found = scored.of(part)
        assert {picture.name for picture in found} == {pictures.names[row] for row in rows}
    assert engine.runs == len(split.holdout) + len(split.validation) == 8
    assert scored.figures()["holdout"]["confusion"] == {
        "true_positives": 2,
        "false_negatives": 0,
        "true_negatives": 2,
        "false_positives": 0,
    }


class DimAnswersNothing(builders.BrightnessEngine):
    """Of a dark picture it has no number: such weights pass the trial on a blank picture."""

    def run(self, images: np.ndarray) -> Outputs:
        outputs = super().run(images)
        return Outputs(np.where(outputs.scores < 0.3, np.nan, outputs.scores), None)


def test_a_picture_without_a_finite_answer_is_left_out_and_not_measured(tmp_path: Path) -> None:
    folder = write_flat_pictures(tmp_path / "pictures", {"DARK": [20, 100], "BRIGHT": [200]})
    said = io.StringIO()
    model = builders.brightness_classifier(DimAnswersNothing())
    scored = score(model, select_all(folder, LABELS), 1, Progress(stream=said))
    assert [picture.name for picture in scored.refused] == ["DARK/picture-0.png"]
    assert "no finite answer" in said.getvalue()
    assert scored.figures()["all"]["auc"]["value"] == 1


def test_pictures_whose_names_say_so_belong_together(tmp_path: Path) -> None:
    folder = write_flat_pictures(tmp_path / "pictures", {"DARK": [20, 30], "BRIGHT": [200, 210]})
    (folder / "BRIGHT" / "copy.png").write_bytes((folder / "DARK" / "picture-1.png").read_bytes())
    alone = select_all(folder, LABELS).groups
    assert len(set(alone.tolist())) == 4
    together = select_all(folder, LABELS, r"picture-(\d)")
    of = dict(zip((each.name for each in together.pictures), together.groups, strict=True))
    assert of["DARK/picture-0.png"] == of["BRIGHT/picture-0.png"]
    assert of["DARK/picture-1.png"] == of["BRIGHT/copy.png"]
    assert len(set(of.values())) == 2
    with pytest.raises(SettingsError, match=r"that '\(film\)' matches, such as 'picture-0\.png'"):
        select_all(folder, LABELS, "(film)")


def test_a_training_file_with_other_labels_is_refused(config: TrainingConfig) -> None:
    with pytest.raises(SettingsError, match="BRIGHT, DARK"):
        select_held_out(config, LABELS[::-1], _silent())


def test_a_file_that_cannot_be_read_is_reported_and_the_rest_is_scored(
    config: TrainingConfig,
) -> None:
    folder, said = config.data.folder, io.StringIO()
    (folder / "DARK" / "broken.png").write_bytes(builders.encoded(builders.film(400, 300))[:500])
    (folder / "DARK" / "gone.png").symlink_to("nowhere")
    (folder / "BRIGHT" / ".hidden").write_text("of the file system, not of the collection")
    scored = score(
        builders.brightness_classifier(), select_all(folder, LABELS), 2, Progress(stream=said)
    )
    assert [picture.name for picture in scored.refused] == ["DARK/broken.png", "DARK/gone.png"]
    assert "DARK/broken.png cannot be classified: The PNG is cut short" in said.getvalue()
    assert "DARK/gone.png cannot be classified: The file cannot be read" in said.getvalue()
    assert scored.figures()["all"]["pictures_per_label"] == {"DARK": 10, "BRIGHT": 10}


def test_a_part_without_any_answer_is_an_error_in_words(tmp_path: Path) -> None:
    folder = write_flat_pictures(tmp_path / "pictures", {"DARK": [], "BRIGHT": []})
    for label in LABELS:
        (folder / label / "notes.txt").write_text("no picture")
    with pytest.raises(InputError, match="nothing to measure"):
        score(builders.brightness_classifier(), select_all(folder, LABELS), 1, _silent())


def test_the_folders_of_data_other_are_further_parts_with_a_share_that_looks_strange(
    config: TrainingConfig, tmp_path: Path
) -> None:
    names = {"DARK": "picture-1", "BRIGHT": "picture-2"}
    write_flat_pictures(tmp_path / "elsewhere", {"DARK": [15, 20], "BRIGHT": [255]})
    (tmp_path / "strange" / "ward").mkdir(parents=True)
    for name in names.values():
        builders.film().save(tmp_path / "strange" / "ward" / f"{name}.png")
    (tmp_path / "strange" / "broken.png").write_bytes(b"no picture")
    other = {name: {"folder": tmp_path / name} for name in ("elsewhere", "strange")}
    data = {"folder": config.data.folder, "other": other}
    config = TrainingConfig.model_validate({**config.model_dump(), "data": data})
    selection = select_held_out(config, LABELS, _silent())
    classifier = builders.brightness_classifier(
        builders.BrightnessEngine(maps=True), baseline=builders.evenness()
    )
    scored = score(classifier, selection, 2, _silent())
    figures = scored.figures()
    assert [*figures][-2:] == ["elsewhere", "strange"]
    shares = {part: measured["out_of_distribution"]["value"] for part, measured in figures.items()}
    assert shares["holdout"] == shares["validation"] == shares["elsewhere"] == 0
    assert figures["elsewhere"]["auc"]["value"] == 1
    assert figures["elsewhere"]["left_out_also_in_training_data"] == 1  # DARK, 20
    assert figures["strange"] == {
        "pictures": 2,
        "groups": 1,
        "out_of_distribution": {"value": 1.0, "low": 1.0, "high": 1.0},
        "not_classified": 1,
    }
    assert [picture.name for picture in scored.refused] == ["strange/broken.png"]


def test_warnings_are_counted(tmp_path: Path) -> None:
    folder = write_flat_pictures(
        tmp_path / "pictures", {"DARK": [10, 120, 130], "BRIGHT": [140, 250]}
    )
    classifier = builders.brightness_classifier(output={"uncertain_band": [0.4, 0.6]})
    scored = score(classifier, select_all(folder, LABELS), 1, _silent())
    assert scored.warnings == {"uncertain": 3}


def test_exact_copies_count_as_one_group(tmp_path: Path) -> None:
    folder = write_flat_pictures(tmp_path / "pictures", {"DARK": [10, 10, 20], "BRIGHT": [200]})
    assert select_all(folder, LABELS).groups.tolist() in ([0, 0, 1, 2], [0, 0, 2, 1],
        [1, 1, 0, 2], [1, 1, 2, 0], [2, 2, 0, 1], [2, 2, 1, 0])  # fmt: skip


def test_folders_that_are_not_the_labels_are_named(tmp_path: Path) -> None:
    folder = write_flat_pictures(tmp_path / "pictures", {"DARK": [10], "bright": [200]})
    with pytest.raises(SettingsError) as told:
        find_pictures(folder, LABELS)
    assert "no folder for the label: BRIGHT" in str(told.value)
    assert "no label of the model: bright" in str(told.value)


def test_an_empty_label_folder_is_named(tmp_path: Path) -> None:
    folder = write_flat_pictures(tmp_path / "pictures", {"DARK": [10], "BRIGHT": []})
    with pytest.raises(SettingsError, match=r"BRIGHT holds no files"):
        find_pictures(folder, LABELS)


def test_pictures_in_folders_below_are_found(tmp_path: Path) -> None:
    folder = write_flat_pictures(
        tmp_path / "pictures", {"DARK": [10], "BRIGHT": [200], "DARK/more": [5]}
    )
    names = [picture.name for picture in find_pictures(folder, LABELS)]
    assert names == ["DARK/more/picture-0.png", "DARK/picture-0.png", "BRIGHT/picture-0.png"]


def test_of_a_medmnist_file_the_test_part_is_scored_and_training_never_reads_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pictures.npz"
    greys = np.repeat(np.array([10, 240], np.uint8), 2)
    images = np.broadcast_to(greys[:, np.newaxis, np.newaxis], (4, 40, 40))
    parts = {f"{part}_images": images for part in ("train", "val", "test")}
    labels = {f"{part}_labels": np.array([[0], [0], [1], [1]]) for part in ("train", "val", "test")}
    np.savez(path, **parts, **labels)
    scored = score(builders.brightness_classifier(), select_all(path, LABELS), 1, _silent())
    assert [picture.name for picture in scored.pictures] == [f"test-{k}" for k in range(4)]
    assert scored.figures()["all"]["accuracy"]["value"] == 1
    trained = find_pictures(path, LABELS, as_trained=True)
    assert {picture.name.split("-")[0] for picture in trained} == {"train", "val"}
    np.savez(path, train_images=images, train_labels=labels["train_labels"])
    assert find_pictures(path, LABELS)[0].name == "train-0"


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"pictures": np.zeros(3)}, "holds no pictures"),
        ({"test_images": np.zeros((3, 40, 40), np.uint8)}, "no test_images or test_labels"),
        (
            {"test_images": np.zeros((3, 40, 40), np.uint8), "test_labels": np.zeros((3, 14), int)},
            "not one label for each picture",
        ),
        (
            {"test_images": np.zeros((1, 40, 40), np.uint8), "test_labels": np.array([[2]])},
            "labels beyond DARK, BRIGHT",
        ),
    ],
)
def test_an_array_file_that_is_not_as_medmnist_writes_them_is_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], said: str
) -> None:
    np.savez(tmp_path / "pictures.npz", **arrays)
    with pytest.raises(SettingsError, match=said):
        find_pictures(tmp_path / "pictures.npz", LABELS)


def test_a_damaged_array_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "pictures.npz").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(SettingsError, match=r"pictures\.npz cannot be read"):
        find_pictures(tmp_path / "pictures.npz", LABELS)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.keras"
    path.write_bytes(b"weights")
    return path


def _write_run(model_path: Path, selection: Selection, **changes: object) -> None:
    run = {
        "model": {"sha256": file_sha256(model_path)},
        "data": {"sha256": selection.sha256},
    }
    model_path.with_name("evaluation.json").write_text(json.dumps(run | changes))


def test_pictures_that_the_run_did_not_see_are_refused(config: TrainingConfig, model: Path) -> None:
    _write_run(model, select_held_out(config, LABELS, _silent()))
    builders.flat(77).save(config.data.folder / "DARK" / "new.png")
    changed = select_held_out(config, LABELS, _silent())
    with pytest.raises(SettingsError, match="not seen cannot be told"):
        check_run(model, config, changed, _silent())


def test_a_recipe_that_was_changed_and_a_run_that_left_nothing_are_told(
    config: TrainingConfig, model: Path
) -> None:
    selection = select_held_out(config, LABELS, _silent())
    for changes, said in (
        ({"recipe_sha256": config.recipe_sha256}, ""),
        ({"recipe_sha256": "other"}, "was changed after the run"),
        ({"model": {"sha256": "other"}}, "Taken on trust"),
    ):
        _write_run(model, selection, **changes)
        stream = io.StringIO()
        check_run(model, config, selection, Progress(stream=stream))
        assert said in stream.getvalue()
        assert bool(said) == bool(stream.getvalue())


def test_served_figures_join_the_evaluation_of_the_same_weights(model: Path) -> None:
    evaluation = model.with_name("evaluation.json")
    evaluation.write_text(json.dumps({"model": {"sha256": file_sha256(model)}, "seed": 1}))
    add_served_figures(model, {"holdout": {"pictures": 3}})
    document = json.loads(evaluation.read_text())
    assert document["seed"] == 1
    assert document["served"] == {"holdout": {"pictures": 3}}
    model.write_bytes(b"others")
    with pytest.raises(SettingsError, match="other weights"):
        add_served_figures(model, {})


def test_without_an_evaluation_there_is_nothing_to_add_to(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="train the model first"):
        add_served_figures(tmp_path / "tiny.keras", {})
