"""Ray Serve: a deployment with FastAPI as its ingress, one replica a core.

https://docs.ray.io/en/latest/serve/http-guide.html
"""

import os

import ray
from fastapi import FastAPI, UploadFile
from picture_task import OnnxClassifier, PictureTask
from ray import serve

app = FastAPI()


@serve.deployment(num_replicas=PictureTask.given().workers, ray_actor_options={"num_cpus": 1})
@serve.ingress(app)
class PictureDeployment:
    def __init__(self) -> None:
        self.classifier = OnnxClassifier(PictureTask.given())

    @app.post("/predict")
    def predict(self, file: UploadFile) -> dict[str, dict[str, float]]:
        return {"probabilities": self.classifier.classify(file.file)}


if __name__ == "__main__":
    ray.init(include_dashboard=False, num_cpus=PictureTask.given().workers)
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["PORT"])})
    serve.run(PictureDeployment.bind(), blocking=True)
