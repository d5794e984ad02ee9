"""MLServer: a custom runtime, one parallel worker a core; the picture comes as base64 in JSON.

https://docs.seldon.ai/mlserver/user-guide/custom
"""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse
from picture_task import OnnxClassifier, PictureTask


class PictureRuntime(MLModel):
    async def load(self) -> bool:
        self.classifier = OnnxClassifier(PictureTask.given())
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        (picture,) = self.decode(payload.inputs[0], default_codec=Base64Codec)
        answer = self.classifier.classify(picture)
        outputs = [
            StringCodec.encode_output("labels", list(answer)),
            NumpyCodec.encode_output("probabilities", np.array(list(answer.values()))),
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
