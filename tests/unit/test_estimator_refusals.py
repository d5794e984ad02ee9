import argparse
import collections
import datetime
import functools
import itertools
import logging
import operator
import pickle
import re
from pathlib import Path

import pytest

from vistazo.models.estimator_import.reader import read_objects
from vistazo.models.estimator_import.refusals import kind_of, refusal
from vistazo.models.estimator_import.values import Name, Record

WAYS_OUT = {
    "torch.nn.modules.container.Sequential": "torch.onnx.export(model",
    "fastai.learner.Learner": "torch.onnx.export(learn.model",
    "keras.src.models.sequential.Sequential": "model.save('model.keras')",
    "tensorflow.python.keras.engine.sequential.Sequential": "model.save('model.keras')",
    "xgboost.sklearn.XGBClassifier": "onnxmltools.convert_xgboost(model",
    "lightgbm.sklearn.LGBMClassifier": "onnxmltools.convert_lightgbm(model",
    "catboost.core.CatBoostClassifier": "model.save_model('model.onnx', format='onnx')",
    "nltk.stem.porter.PorterStemmer": "token_pattern, stop_words",
    "spacy.lang.en.English": "token_pattern, stop_words",
    "imblearn.pipeline.Pipeline": "hasattr(step[1], 'fit_resample')",
    "cloudpickle.cloudpickle._make_function": "Python code, which is never run",
    "pandas.core.frame.DataFrame": "joblib.dump(model",
    "mlxtend.classifier.stacking.Stacker": "Where its package exports to ONNX",
    "sklearn.gaussian_process.GaussianProcessClassifier": "not among the estimators",
}


@pytest.mark.parametrize(("dotted", "way_out"), WAYS_OUT.items())
def test_what_is_foreign_is_named_with_its_own_way_out(dotted, way_out):
    module, _, name = dotted.rpartition(".")
    told = str(refusal(Record(Name(module, name))))
    assert dotted in told
    assert way_out in told
    assert told.endswith((".", "read."))


@pytest.mark.parametrize("module", ["__main__", "preprocessing", "train_utils"])
def test_a_function_of_the_program_that_saved_a_model_is_told_as_such(module):
    told = str(refusal(Name(module, "clean"), "TfidfVectorizer's tokenizer"))
    assert told.startswith(
        f"TfidfVectorizer's tokenizer holds a function of the program that saved it, {module}.clean"
    )
    assert "would have to be run" in told


def test_a_method_of_an_object_is_told_by_the_object():
    stemmer = Record(Name("nltk.stem", "PorterStemmer"))
    method = Record(Name("builtins", "getattr"), (stemmer, "stem"))
    partial = Record(Name("functools", "partial"), (method,))
    assert kind_of(partial) == Name("nltk.stem", "PorterStemmer")


def test_an_object_that_is_made_of_itself_has_a_name_too():
    partial = Record(Name("functools", "partial"))
    partial.arguments = (partial,)
    assert kind_of(partial) == Name("functools", "partial")


HONEST = [
    argparse.Namespace(a=1), collections.UserDict(a=1), datetime.datetime(2020, 1, 1),  # noqa: DTZ001
    functools.partial(len), itertools.count(3), logging.getLogger("x"), operator.itemgetter(1),
    Path("a/b"), re.compile("a+", re.IGNORECASE), iter([1, 2]), type(None), slice(1, 3), range(4),
    [].append, bytes.join, re.IGNORECASE,
]  # fmt: skip


@pytest.mark.parametrize("version", [0, 2, 5])
def test_what_honest_programs_keep_beside_a_model_is_read_and_inert(tmp_path, version):
    path = tmp_path / "m.pkl"
    for value in HONEST:
        path.write_bytes(pickle.dumps(value, version))
        found = read_objects(path, 10_000_000)
        assert isinstance(found, Record | Name), value
