import re
from pathlib import Path

import pytest

from vistazo.errors import SettingsError
from vistazo.models.fetch import Link
from vistazo.service.settings import Settings


def test_without_an_environment_the_default_model_is_served_on_port_8000() -> None:
    settings = Settings.from_environment({})
    assert settings.port == 8000
    assert settings.model_path.name == "pneumonia.keras"
    assert settings.threads >= 1


def test_a_setting_is_its_name_in_capitals() -> None:
    settings = Settings.from_environment(
        {"PORT": "9000", "MODEL_PATH": "/m.h5", "LOG_FORMAT": "json"}
    )
    assert (settings.port, str(settings.model_path), settings.log_format) == (9000, "/m.h5", "json")


def test_an_empty_setting_counts_as_not_set() -> None:
    assert Settings.from_environment({"PORT": " "}).port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("THREADS", "0"),
        ("LOG_FORMAT", "xml"),
        ("QUEUE_SIZE", "-1"),
        ("LABELS", "normal"),
        ("LABELS", "normal,,pneumonia"),
        ("LABELS", "normal,normal"),
        ("LABELS", "[1"),
        ("SCALE", "1/256"),
        ("COLOUR", "cmyk"),
        ("RESIZE", "squash"),
        ("INPUT_SIZE", "224"),
        ("INPUT_SIZE", "0x224"),
        ("INPUT_SIZE", "224x99999"),
        ("RECORDS_KEEP_DAYS", "0"),
        ("RECORDS_KEEP_DAYS", "inf"),
        ("RECORDS_KEEP_DAYS", "nan"),
        ("RECORDS_MAX_BYTES", "5"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"(?s){name}.*{re.escape(value)}") as error:
        Settings.from_environment({name: value})
    assert "Value error" not in str(error.value)


def test_a_model_may_be_a_path_or_a_link() -> None:
    link = "https://h.example//m.keras?key=1"
    settings = Settings.from_environment(
        {"MODEL_PATH": link, "MODEL_CARD": "m.yaml", "MODEL_SHA256": "AB" * 32}
    )
    source = settings.model_source
    assert (source.path, source.card) == (Link(link), Path("m.yaml"))
    assert source.sha256 == "ab" * 32


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_PATH", "ftp://me:s3cret@h.example/m.keras?key=s3cret"),
        ("MODEL_CARD", "https://?s3cret"),
        ("MODEL_SHA256", "abc"),
        ("MAX_MODEL_BYTES", "0"),
    ],
)
def test_a_setting_of_the_model_that_cannot_be_used_is_named_and_no_key_shown(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=name) as error:
        Settings.from_environment({name: value})
    assert "s3cret" not in str(error.value)


def test_what_a_card_would_say_can_be_set() -> None:
    hints = Settings.from_environment(
        {
            "LABELS": "normal, bacterial pneumonia",
            "SCALE": "1/127.5 - 1",
            "COLOUR": "BGR",
            "RESIZE": "fit",
            "INPUT_SIZE": "500x720",
        }
    ).card_hints
    assert hints.labels == ("normal", "bacterial pneumonia")
    assert (hints.scale, hints.colour, hints.resize) == ("1/127.5-1", "bgr", "fit")
    assert hints.input_size == (500, 720)


def test_a_label_with_a_comma_is_set_as_json() -> None:
    hints = Settings.from_environment({"LABELS": '["small, round", "other"]'}).card_hints
    assert hints.labels == ("small, round", "other")


def test_a_value_that_is_not_known_is_answered_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match=r"(?s)SCALE.*1/127\.5-1 or per_picture"):
        Settings.from_environment({"SCALE": "255"})
    with pytest.raises(SettingsError, match=r"(?s)INPUT_SIZE.*such as 500x720"):
        Settings.from_environment({"INPUT_SIZE": "500"})


def test_with_several_cores_one_picture_waits_for_its_decoder_while_all_cores_run() -> None:
    jobs = {threads: Settings(threads=threads).admission_policy.workers for threads in (1, 2, 4)}
    assert jobs == {1: 1, 2: 3, 4: 5}
