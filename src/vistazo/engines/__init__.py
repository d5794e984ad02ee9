"""The runtimes that turn prepared images into scores."""

import os

# From 1.29 on ONNX Runtime reports to its maker unless told not to. Pictures stay here, and so does
# what is done with them. Here, because it has to be said before the runtime is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
