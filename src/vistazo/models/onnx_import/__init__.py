"""Reads somebody else's ONNX classifier as data, and writes it as the engines expect it."""

from vistazo.models.onnx_import.allowance import Allowance
from vistazo.models.onnx_import.importer import convert, describe

__all__ = ["Allowance", "convert", "describe"]
