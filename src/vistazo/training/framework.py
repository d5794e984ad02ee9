"""The one door to TensorFlow and Keras."""

from __future__ import annotations

import os

# TensorFlow reports its build and the absence of a GPU on every import; only errors matter here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import tensorflow as tf

__all__ = ["keras", "tf"]
