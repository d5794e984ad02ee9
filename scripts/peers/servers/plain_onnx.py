"""FastAPI around ONNX Runtime, by hand: what is left of a service without a queue or a limit.

One process; a ``def`` route has FastAPI's threads, and both libraries let go of the interpreter.
"""

from fastapi import FastAPI, UploadFile
from picture_task import OnnxClassifier, PictureTask

CLASSIFIER = OnnxClassifier(PictureTask.given())
app = FastAPI()


@app.post("/predict")
def predict(file: UploadFile) -> dict[str, dict[str, float]]:
    return {"probabilities": CLASSIFIER.classify(file.file)}
