"""Vistazo serves a trained classifier: of Keras without TensorFlow, of scikit-learn without it.

In Python: ``vistazo.load("m.h5").predict("picture.jpg")``. What these names are, and their types,
is in ``__init__.pyi``; they are imported when they are first asked for, since most of the package
does without them.
"""

import importlib

__version__ = "0.4.0"

_HOMES = {
    "Answer": "vistazo.python",
    "DicomHeader": "vistazo.python",
    "Explanation": "vistazo.python",
    "InDistribution": "vistazo.python",
    "InputError": "vistazo.errors",
    "Model": "vistazo.python",
    "ModelError": "vistazo.errors",
    "VistazoError": "vistazo.errors",
    "load": "vistazo.python",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'vistazo' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return ["__version__", *_HOMES]
