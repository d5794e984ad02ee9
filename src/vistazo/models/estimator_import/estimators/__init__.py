"""The estimators that are known, one small function under each one's class name.

To import a module of this package registers what it knows; all of them are imported here.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
