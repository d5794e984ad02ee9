"""Vistazo serves a trained Keras image classifier without TensorFlow."""

__version__ = "0.1.0"
