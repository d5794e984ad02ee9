"""LitServe: a LitAPI with ``setup``, ``decode_request``, ``predict`` and ``encode_response``.

https://lightning.ai/docs/litserve
"""

import os

import litserve
from picture_task import OnnxClassifier, PictureTask


class PictureAPI(litserve.LitAPI):
    def setup(self, device):  # noqa: ARG002
        self.classifier = OnnxClassifier(PictureTask.given())

    def decode_request(self, request):
        return request["file"].file.read()

    def predict(self, picture):
        return self.classifier.classify(picture)

    def encode_response(self, probabilities):
        return {"probabilities": probabilities}


if __name__ == "__main__":
    server = litserve.LitServer(
        PictureAPI(), accelerator="cpu", workers_per_device=PictureTask.given().workers
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        generate_client_file=False,
    )
