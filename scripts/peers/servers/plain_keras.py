"""The service that most people write first: FastAPI around ``model.predict``.

One process, as ``uvicorn module:app`` starts it: TensorFlow's own threads use the cores, and a
``def`` route has FastAPI's threads.
"""

import keras
from fastapi import FastAPI, UploadFile
from picture_task import PictureTask

TASK = PictureTask.given()
MODEL = keras.models.load_model(TASK.weights, compile=False)
app = FastAPI()


@app.post("/predict")
def predict(file: UploadFile) -> dict[str, dict[str, float]]:
    scores = MODEL.predict(TASK.prepare(file.file), verbose=0)
    return {"probabilities": TASK.probabilities(scores)}
