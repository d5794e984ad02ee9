"""The one door to TensorFlow and Keras."""

from __future__ import annotations

import os

# TensorFlow tells of its build, and of a GPU that it misses, as errors. Real ones are raised.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

__all__ = ["keras", "tf"]
