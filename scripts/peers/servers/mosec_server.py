"""mosec: a Worker, as many as there are cores; the body of a request is the picture itself.

https://mosecorg.github.io/mosec
"""

from mosec import Server, Worker
from picture_task import OnnxClassifier, PictureTask


class PictureWorker(Worker):
    def __init__(self) -> None:
        super().__init__()
        self.classifier = OnnxClassifier(PictureTask.given())

    def deserialize(self, data: bytes) -> bytes:
        return data

    def forward(self, data: bytes) -> dict[str, dict[str, float]]:
        return {"probabilities": self.classifier.classify(data)}


if __name__ == "__main__":
    server = Server()
    server.append_worker(PictureWorker, num=PictureTask.given().workers)
    server.run()
