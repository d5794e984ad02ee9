"""KServe's runtime: a Model with ``predict``; the picture comes as base64 in JSON.

https://kserve.github.io/website/docs/model-serving/predictive-inference/frameworks/custom-predictor
"""

import base64
import functools
import os

from kserve import Model, ModelServer
from picture_task import OnnxClassifier, PictureTask


class PictureModel(Model):
    """Reaches its workers pickled, which a session of ONNX Runtime cannot: each opens its own."""

    def load(self) -> bool:
        self.ready = True
        return self.ready

    @functools.cached_property
    def classifier(self) -> OnnxClassifier:
        return OnnxClassifier(PictureTask.given())

    def predict(self, payload, headers=None):  # noqa: ARG002
        pictures = [base64.b64decode(one["image_bytes"]["b64"]) for one in payload["instances"]]
        return {"predictions": [self.classifier.classify(picture) for picture in pictures]}


if __name__ == "__main__":
    model = PictureModel("picture")
    model.load()
    workers = PictureTask.given().workers
    ModelServer(http_port=int(os.environ["PORT"]), enable_grpc=False, workers=workers).start(
        [model]
    )
