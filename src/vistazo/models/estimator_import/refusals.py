"""What else a file holds than scikit-learn's own, in words that say what to do about it.

A class or a function of another package, or of the script that trained the model, is only named in
a file: its code is elsewhere, and would have to be run.
"""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.errors import UnsupportedModelError
from vistazo.models.estimator_import.values import Name, Record


@dataclass(frozen=True)
class _Package:
    what: str
    way_out: str


_TORCH_WAY = (
    "Export it to ONNX in one line: torch.onnx.export(model.eval().cpu(), torch.randn(1, 3, 224, "
    "224), 'model.onnx'), with the size that it was trained with, and set MODEL_PATH=model.onnx."
)
_FASTAI_WAY = (
    "Export it to ONNX in one line: torch.onnx.export(learn.model.eval().cpu(), torch.randn(1, 3, "
    "224, 224), 'model.onnx'), with the size that it was trained with, and set "
    "MODEL_PATH=model.onnx; its labels are learn.dls.vocab."
)
_KERAS_WAY = "Save it as Keras does: model.save('model.keras'), and set MODEL_PATH=model.keras."
_NEAREST = (
    "for a server of ONNX, or train scikit-learn's HistGradientBoostingClassifier, which is read."
)
_ROWS = "initial_types=[('rows', FloatTensorType([None, n_features]))]"
_XGBOOST_WAY = (
    "Export it to ONNX in one line: onnxmltools.utils.save_model(onnxmltools.convert_xgboost("
    f"model, {_ROWS}), 'model.onnx'), {_NEAREST}"
)
_LIGHTGBM_WAY = _XGBOOST_WAY.replace("convert_xgboost", "convert_lightgbm")
_CATBOOST_WAY = (
    f"Export it to ONNX in one line: model.save_model('model.onnx', format='onnx'), {_NEAREST}"
)
_WORDS_WAY = (
    "Its code would have to be run, which is never done. Train again with what scikit-learn has "
    "itself (token_pattern, stop_words, strip_accents, ngram_range), and give that package's work "
    "to the texts before they are sent."
)
_IMBLEARN_WAY = (
    "Its samplers act in training only. Save what predicts: joblib.dump(sklearn.pipeline.Pipeline("
    "[step for step in model.steps if not hasattr(step[1], 'fit_resample')]), 'model.joblib')."
)
_CODE_WAY = (
    "It holds Python code, which is never run. Save the estimator itself with joblib.dump, without "
    "functions of your own in it."
)
_DATA_WAY = "Save the fitted estimator alone: joblib.dump(model, 'model.joblib')."

_TORCH = _Package("a PyTorch model", _TORCH_WAY)
_WORDS = _Package("an object of a package for language", _WORDS_WAY)
_CODE = _Package("code", _CODE_WAY)
_DATA = _Package("a table of pandas", _DATA_WAY)
_KERAS = _Package("a Keras model", _KERAS_WAY)
_FASTAI = _Package("a fastai model", _FASTAI_WAY)
_PACKAGES = {
    "torch": _TORCH,
    "torchvision": _TORCH,
    "timm": _TORCH,
    "transformers": _TORCH,
    "sentence_transformers": _TORCH,
    "pytorch_lightning": _TORCH,
    "ultralytics": _TORCH,
    "skorch": _TORCH,
    "fastai": _FASTAI,
    "fastcore": _FASTAI,
    "keras": _KERAS,
    "tensorflow": _KERAS,
    "tf_keras": _KERAS,
    "scikeras": _KERAS,
    "xgboost": _Package("an XGBoost model", _XGBOOST_WAY),
    "lightgbm": _Package("a LightGBM model", _LIGHTGBM_WAY),
    "catboost": _Package("a CatBoost model", _CATBOOST_WAY),
    "_catboost": _Package("a CatBoost model", _CATBOOST_WAY),
    "nltk": _WORDS,
    "spacy": _WORDS,
    "gensim": _WORDS,
    "textblob": _WORDS,
    "stanza": _WORDS,
    "snowballstemmer": _WORDS,
    "Stemmer": _WORDS,
    "Sastrawi": _WORDS,
    "underthesea": _WORDS,
    "pyvi": _WORDS,
    "jieba": _WORDS,
    "konlpy": _WORDS,
    "imblearn": _Package("an estimator of imbalanced-learn", _IMBLEARN_WAY),
    "pandas": _DATA,
    "cloudpickle": _CODE,
    "dill": _CODE,
}
_ONNX_IN_GENERAL = "Where its package exports to ONNX, save that and set MODEL_PATH to it."
_OWN_WAY = (
    "its code is not in the file, and would have to be run. Train again with what scikit-learn has "
    "itself, and do what it did to the samples before they are sent."
)


def refusal(found: Name | Record, where: str = "The file") -> UnsupportedModelError:
    """Why a class, a function or an object cannot be served, and what to do instead.

    ``where`` holds it, such as "TfidfVectorizer's tokenizer". For what is of scikit-learn too: it
    says that it is not known.
    """
    name = kind_of(found)
    package = name.module.partition(".")[0]
    if package == "sklearn":
        return UnsupportedModelError(f"{name} is not among the estimators that can be served.")
    known = _PACKAGES.get(package)
    if known is not None:
        return UnsupportedModelError(f"{where} holds {known.what} ({name}). {known.way_out}")
    if is_own(name):
        what = "a function" if isinstance(found, Name) else "an object of a class"
        return UnsupportedModelError(
            f"{where} holds {what} of the program that saved it, {name}: {_OWN_WAY}"
        )
    return UnsupportedModelError(
        f"{where} holds {name}, which is not scikit-learn's own: {_OWN_WAY} {_ONNX_IN_GENERAL}"
    )


def kind_of(found: Name | Record) -> Name:
    """Its name; of a method of an object, and of what ``functools.partial`` made, what is meant."""
    for _ in range(10):
        if isinstance(found, Name):
            return found
        inner = found.arguments[0] if found.arguments else None
        if str(found.kind) not in _AROUND or not isinstance(inner, Name | Record):
            return found.kind
        found = inner
    return found if isinstance(found, Name) else found.kind


_AROUND = ("builtins.getattr", "functools.partial")


def is_own(name: Name) -> bool:
    """Whether it is of a script, as far as can be told: of ``__main__``, or of a module in no
    package.
    """
    return name.module in ("__main__", "__mp_main__") or "." not in name.module


def torch_file(label: str, *, is_fastai: bool) -> UnsupportedModelError:
    """Of a file that torch.save wrote."""
    known = _FASTAI if is_fastai else _TORCH
    return UnsupportedModelError(f"{label} is {known.what}. {known.way_out}")
