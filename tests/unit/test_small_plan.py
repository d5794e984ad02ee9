from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from builders import encoded
from vistazo.errors import RejectedUploadError
from vistazo.pictures import ImageLimits, open_image
from vistazo.service import small_plan
from vistazo.service.settings import Settings


def test_a_small_container_gets_small_defaults_and_a_large_one_the_usual() -> None:
    small = Settings.from_environment({"MAX_PIXELS": "5000000"}, memory_bytes=256 * 2**20)
    assert (small.threads, small.max_pixels, small.max_queued_bytes) == (1, 5_000_000, 17_000_000)
    large = Settings.from_environment({"THREADS": "3"}, memory_bytes=2**30)
    assert (large.threads, large.max_pixels, large.max_queued_bytes) == (3, 25_000_000, 64_000_000)


def test_a_picture_of_a_camera_of_twenty_megapixels_is_taken_by_default() -> None:
    photo = encoded(Image.new("L", (5472, 3648), 90), "JPEG")
    with pytest.raises(RejectedUploadError, match="have MAX_PIXELS of this service raised"):
        open_image(photo, ImageLimits(max_pixels=16_000_000))
    assert open_image(photo, ImageLimits()).decode((224, 224)).width >= 448


def test_twenty_megapixels_are_taken_where_memory_does_for_four_of_them() -> None:
    accepted = [
        Settings.from_environment({}, memory_bytes=megabytes * 10**6).max_pixels
        for megabytes in (256, 512, 1000)
    ]
    assert accepted == [12_000_000, 16_000_000, 25_000_000]


def test_an_x_ray_without_compression_is_taken_everywhere_and_a_larger_one_with_a_gigabyte() -> (
    None
):
    def most(megabytes: int) -> Settings:
        return Settings.from_environment({}, memory_bytes=megabytes * 10**6)

    header = 100_000
    assert most(256).max_upload_bytes >= 2 * 2_500 * 2_000 + header
    assert most(512).max_upload_bytes == 16_000_000
    assert most(1000).max_upload_bytes >= 2 * 3_000 * 3_000 + header
    for each in map(most, (256, 512, 1000)):
        assert each.max_queued_bytes > 4 * each.max_upload_bytes / 3 + header  # in base64


def test_an_empty_variable_does_not_undo_the_small_plan() -> None:
    assert Settings.from_environment({"THREADS": " "}, memory_bytes=2**28).threads == 1


@pytest.mark.parametrize(
    ("version_2", "version_1", "limit"),
    [
        ("268435456\n", None, 268435456),
        ("max\n", None, None),
        (None, "268435456\n", 268435456),
        (None, None, None),
    ],
)
def test_the_memory_limit_is_read_from_either_version_of_cgroups(
    version_2: str | None, version_1: str | None, limit: int | None, tmp_path: Path
) -> None:
    files = (tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes")
    for file, text in zip(files, (version_2, version_1), strict=True):
        if text is not None:
            file.write_text(text)
    assert small_plan.memory_limit_bytes(files) == limit
