from vistazo.errors import InputError, ModelError, VistazoError
from vistazo.python import Answer, Explanation, InDistribution, Model, load

__version__: str

__all__ = [
    "Answer",
    "Explanation",
    "InDistribution",
    "InputError",
    "Model",
    "ModelError",
    "VistazoError",
    "load",
]
