from vistazo.errors import InputError, ModelError, VistazoError
from vistazo.python import Answer, DicomHeader, Explanation, InDistribution, Model, load

__version__: str

__all__ = [
    "Answer",
    "DicomHeader",
    "Explanation",
    "InDistribution",
    "InputError",
    "Model",
    "ModelError",
    "VistazoError",
    "load",
]
