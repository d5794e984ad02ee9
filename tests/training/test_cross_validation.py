from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.labelled_pictures import tiny_config, write_collection

# Keras 3.15 copies TensorFlow's variables in a way that numpy 2 has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.longer
def test_each_fold_holds_out_other_groups_and_is_trained_once(tmp_path: Path) -> None:
    from vistazo.training.cross_validation import cross_validate

    data = {
        "folder": write_collection(tmp_path / "pictures", groups=8),
        "group": r"([a-z]+-\d+)",
        "other": {"judged_on_once_trained": {"folder": tmp_path / "nowhere"}},
    }
    config = tiny_config(data["folder"], data=data)
    document = json.loads(cross_validate(config, 2, tmp_path).read_text())
    folds = [
        json.loads((tmp_path / f"fold-{part}" / "evaluation.json").read_text()) for part in (1, 2)
    ]
    assert [fold["data"]["holdout_pictures"] for fold in folds] == [16, 16]
    assert folds[0]["recipe_sha256"] != folds[1]["recipe_sha256"]
    values = [fold["holdout"]["auc"]["value"] for fold in folds]
    assert document["auc"]["of_each_fold"] == values
    assert document["auc"]["mean"] == pytest.approx(sum(values) / 2, abs=1e-4)

    models = sorted(tmp_path.glob("fold-*/tiny.keras"))
    before = [model.stat().st_mtime_ns for model in models]
    cross_validate(config, 2, tmp_path)
    assert [model.stat().st_mtime_ns for model in models] == before
    assert len(models) == 2
