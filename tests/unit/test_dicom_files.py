"""The files that the tests of DICOM are made of say what they are said to say."""

from __future__ import annotations

import io

import numpy as np
import pytest
from pydicom import dcmread

from dicom_files import CANARY, CASES, OTHERS, SYNTAXES, dicom_file, minimal_file, shades
from dicom_files.syntaxes import LOSSY

_READ_BY_NOBODY_HERE = {"jpeg extended, 12 of 16 bits"}  # pydicom hands it to no decoder


@pytest.mark.parametrize("case", sorted(CASES.keys() - _READ_BY_NOBODY_HERE))
def test_every_file_is_read(case: str) -> None:
    data_set = dcmread(io.BytesIO(CASES[case]()))
    pixels = data_set.pixel_array
    assert (data_set.Rows, data_set.Columns) == pixels.shape[-2:] or pixels.shape[-1] == 3


@pytest.mark.parametrize("syntax", [uid for uid in SYNTAXES.values() if uid not in LOSSY])
def test_what_is_written_without_loss_comes_back(syntax: str) -> None:
    pixels = shades(bits=12)
    data_set = dcmread(io.BytesIO(dicom_file(pixels, transfer_syntax=syntax, bits_stored=12)))
    assert np.array_equal(data_set.pixel_array, pixels)
    assert data_set.file_meta.TransferSyntaxUID == syntax


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_x_ray_is_a_dicom_file_too(name: str) -> None:
    assert dcmread(io.BytesIO(OTHERS[name]())).SOPClassUID


def test_a_minimal_file_names_nobody() -> None:
    assert CANARY.encode() in dicom_file(shades())
    assert CANARY.encode() not in minimal_file(shades())
