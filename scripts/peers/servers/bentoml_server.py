"""BentoML: a service class, started with ``bentoml serve``; a picture comes as ``PIL.Image``.

https://docs.bentoml.com/en/latest/build-with-bentoml/iotypes.html
"""

import bentoml
from picture_task import OnnxClassifier, PictureTask
from PIL.Image import Image

TASK = PictureTask.given()


@bentoml.service(workers=TASK.workers)
class PictureService:
    def __init__(self) -> None:
        self.classifier = OnnxClassifier(TASK)

    @bentoml.api
    def predict(self, file: Image) -> dict[str, dict[str, float]]:
        return {"probabilities": self.classifier.classify(file)}
