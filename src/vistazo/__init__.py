"""Vistazo serves a trained classifier: of Keras without TensorFlow, of scikit-learn without it."""

__version__ = "0.1.0"
