# -*- coding: utf-8 -*-
"""Every way in which people write an estimator to a file."""

import gzip
import pickle

PICKLES = ["pickle%d" % protocol for protocol in range(6)]
COMPRESSED = ["zlib", "gzip", "bz2", "xz", "lzma", "lz4"]
FORMS = (
    PICKLES
    + ["joblib"]
    + ["joblib-" + each for each in COMPRESSED]
    + ["joblib-compress3", "joblib-protocol2", "joblib-externals", "gzip-pickle", "skops"]
)
SUFFIX = {"skops": ".skops", "gzip-pickle": ".pkl.gz"}


class UnavailableError(Exception):
    """This version of Python or of joblib has no such form."""


def write(value, path, form):
    """Raises UnavailableError."""
    if form.startswith("pickle"):
        _pickle(value, path, int(form[6:]))
    elif form == "gzip-pickle":
        with gzip.open(path, "wb") as file:
            pickle.dump(value, file, 2)
    elif form == "skops":
        _skops(value, path)
    else:
        _joblib(value, path, form)


def _pickle(value, path, protocol):
    if protocol > pickle.HIGHEST_PROTOCOL:
        raise UnavailableError("protocol %d" % protocol)
    with open(path, "wb") as file:
        pickle.dump(value, file, protocol)


def _skops(value, path):
    try:
        from skops import io
    except ImportError:
        raise UnavailableError("no skops")
    io.dump(value, path)


def _joblib(value, path, form):
    options = {"joblib": {}, "joblib-compress3": {"compress": 3}, "joblib-externals": {}}.get(form)
    if form == "joblib-protocol2":
        options = {"protocol": 2}
    if options is None:
        options = {"compress": (form.split("-")[1], 3)}
    dump = _externals() if form == "joblib-externals" else __import__("joblib").dump
    try:
        dump(value, path, **options)
    except (ImportError, ValueError, TypeError, KeyError) as error:
        raise UnavailableError(str(error))


def _externals():
    try:
        from sklearn.externals import joblib
    except ImportError:
        raise UnavailableError("no sklearn.externals.joblib")
    return joblib.dump
