"""One frame of a DICOM file of several, as a caller chooses it."""

from __future__ import annotations

import io
import threading
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from builders import brightness_classifier, encoded, flat
from vistazo.classifier import Classifier
from vistazo.cli import predict as predict_module
from vistazo.errors import InputError, RejectedUploadError, RequestError
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.container.dicom.strip import strip_dicom
from vistazo.pictures.decode import work_of
from vistazo.python.model import Model
from vistazo.python.pictures import AskedPictures
from vistazo.reports.uids import of_frame
from vistazo.service.reload.answered import AnsweredPicture

pytest.importorskip("pydicom")
import pydicom

from dicom_files import CASES, SYNTAXES, dicom_file, shades

OF_THREE = sorted(case for case in CASES if case.startswith("three frames"))
OF_BITS = "three frames of one bit"
LIMITS = ImageLimits()


def shown(level: int, size: int = 48) -> np.ndarray:
    return np.full((size, size), level, np.uint8)


def three(*, size: int = 48, **header: Any) -> bytes:
    """Dark, grey and white."""
    return dicom_file(np.stack([shown(level, size) for level in (0, 128, 255)]), **header)


def edited(data: bytes, **header: Any) -> bytes:
    data_set, buffer = pydicom.dcmread(io.BytesIO(data)), io.BytesIO()
    for keyword, value in header.items():
        setattr(data_set, keyword, value)
    data_set.save_as(buffer)
    return buffer.getvalue()


def rule_broken_by(data: bytes, frame: int) -> tuple[str, tuple[float, ...]]:
    with pytest.raises(RejectedUploadError) as caught:
        open_image(data, LIMITS, frame)
    [broken] = caught.value.broken
    return broken.rule, broken.figures


# ---- what is not there


@pytest.mark.parametrize("frame", [0, -1, 4, 10**9, 10**30])
@pytest.mark.parametrize("case", OF_THREE)
def test_a_frame_that_is_not_there_is_refused(case: str, frame: int) -> None:
    assert rule_broken_by(CASES[case](), frame) == ("frame", (frame, 3))


def test_of_a_file_that_lies_as_many_count_as_there_are_pixels_for() -> None:
    for data in (three(), CASES["three frames, rle"]()):
        for said in ("99", "2147483647"):
            assert rule_broken_by(edited(data, NumberOfFrames=said), 4) == ("frame", (4, 3))
        assert rule_broken_by(edited(data, NumberOfFrames="1"), 2) == ("frame", (2, 1))


def test_any_other_picture_has_one_frame() -> None:
    picture = encoded(flat(9))
    assert open_image(picture, LIMITS, 1).header == open_image(picture, LIMITS).header
    for frame in (0, -1, 2, 10**9):
        assert rule_broken_by(picture, frame) == ("frame", (frame, 1))
    one = dicom_file(shades())
    assert open_image(one, LIMITS, 1).header == open_image(one, LIMITS).header
    assert rule_broken_by(one, 2) == ("frame", (2, 1))


def test_what_is_refused_costs_a_batch_nothing_and_what_is_not_its_own_frame() -> None:
    deflated = three(size=1_800, transfer_syntax=SYNTAXES["deflated"])
    assert work_of(deflated, 9) == 0
    assert work_of(deflated, 3) > work_of(deflated, 1) > 0  # what comes before is inflated, too


# ---- what is


@pytest.mark.parametrize("case", [case for case in OF_THREE if case != OF_BITS])
@pytest.mark.parametrize("frame", [1, 2, 3])
def test_its_pixels_are_those_of_the_frame(case: str, frame: int) -> None:
    data = CASES[case]()
    stripped = strip_dicom(edited(data, RepresentativeFrameNumber=2), frame)
    assert (stripped.frame, stripped.frames) == (frame, 3)
    taken = pydicom.dcmread(stripped.stream()).pixel_array
    whole = pydicom.dcmread(io.BytesIO(data)).pixel_array
    np.testing.assert_array_equal(taken, whole[frame - 1])


def test_a_frame_of_an_odd_number_of_bytes_may_come_before() -> None:
    for frame, level in ((1, 0), (2, 128), (3, 255)):
        picture = open_image(three(size=47), LIMITS, frame).decode()
        assert np.asarray(picture.pixels).mean() == level


def test_it_is_shown_by_the_window_of_its_own() -> None:
    def of(centre: float) -> Any:
        group, window = pydicom.Dataset(), pydicom.Dataset()
        window.WindowCenter, window.WindowWidth = centre, 2
        group.FrameVOILUTSequence = [window]
        return group

    data = edited(three(), PerFrameFunctionalGroupsSequence=[of(1e4), of(1e4), of(-1e4)])
    levels = [np.asarray(open_image(data, LIMITS, n).decode().pixels).mean() for n in (1, 2, 3)]
    assert levels == [0, 0, 255]


# ---- who asks


def means(classifier: Classifier, data: bytes) -> float:
    return float(classifier.prepared(data).pixels.mean())


def test_a_classifier_looks_at_the_frame_and_stays_what_it_was() -> None:
    classifier, data = brightness_classifier(), three()
    levels = [means(classifier.at_frame(frame), data) for frame in (1, 2, 3)]
    assert levels[0] < levels[1] < levels[2]
    assert means(classifier, data) == levels[0]
    second = classifier.at_frame(2).classify(data)
    assert second.radiograph is not None
    assert (second.radiograph.frame, second.radiograph.frames) == (2, 3)
    assert "one_of_several_frames" in second.decision.warnings
    previews = {classifier.at_frame(frame).preview(data, 32) for frame in (1, 2, 3)}
    overlays = {classifier.at_frame(frame).overlay(data)[1] for frame in (1, 2, 3)}
    assert (len(previews), len(overlays)) == (3, 3)


def test_another_model_is_asked_about_the_same_frame() -> None:
    data, classifier = three(), brightness_classifier()
    prediction = classifier.at_frame(3).classify(data)
    prepared = classifier.at_frame(3).prepared(data)
    spec = classifier.card.input
    answered = AnsweredPicture(data, prepared.pixels, spec, ("a", "b"), prediction, 0.1)
    smaller = brightness_classifier(input={"width": 16, "height": 16})
    opinion = answered.second_opinion(smaller, threading.Event())
    own = smaller.at_frame(3).classify(data).decision.probabilities
    assert opinion is not None
    assert [*opinion.probabilities.values()] == [*own]
    assert [*own] != [*smaller.classify(data).decision.probabilities]


def test_a_program_chooses_it_for_one_for_several_and_for_what_spoke() -> None:
    classifier, data = brightness_classifier(), three()
    with Model(classifier, AskedPictures(classifier, LIMITS, threads=2)) as model:
        each = [model.predict(data, frame=frame) for frame in (1, 2, 3)]
        assert len({answer.confidence for answer in each}) > 1
        assert [answer.dicom and answer.dicom.frame for answer in each] == [1, 2, 3]
        assert model.predict([data, data], frame=3) == [each[2], each[2]]
        assert [*model.predict_each([data], frame=2)] == [each[1]]
        assert model.explain(data, frame=2).answer == each[1]
        assert model.predict(data) == each[0]
        for frame in (0, 4):
            with pytest.raises(InputError, match=f"no frame {frame}"):
                model.predict(data, frame=frame)
        with pytest.raises(InputError, match="no frame 2"):
            model.predict(shown(9), frame=2)
        with pytest.raises(TypeError):
            model.predict(data, frame="2")  # type: ignore[call-overload]


def test_texts_have_none() -> None:
    from served_samples import text_classifier
    from vistazo.python.samples import AskedSamples

    classifier = text_classifier()
    model = Model(classifier, AskedSamples(classifier, 100))
    with pytest.raises(RequestError, match="pictures only"):
        model.predict("x", frame=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--frame", "0", "a.dcm"], "--frame"),
        (["--frame", "-1", "a.dcm"], "--frame"),
        (["--frame", "two", "a.dcm"], "--frame"),
        (["--frame", "2", "--output", "a.csv", "a.dcm"], "use --jsonl > FILE"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_before_a_model_is_read(
    arguments: list[str], said: str
) -> None:
    done = CliRunner().invoke(predict_module.command, [*arguments, "--model", "nowhere.h5"])
    assert done.exit_code == 2
    assert said in done.output


def test_two_frames_have_two_names_and_a_picture_of_one_its_own() -> None:
    assert of_frame("1.2.3", 1, 1) == "1.2.3"
    assert len({of_frame("1.2.3", frame, 3) for frame in (1, 2, 3)} | {"1.2.3"}) == 4
