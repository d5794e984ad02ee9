"""``uvicorn main:app``, with src on the PYTHONPATH; ``fastapi run src/main.py``.

``vistazo serve`` is the better way where there is a choice: it reads HOST and PORT as well, refuses
malformed HTTP in words, and tells callers who keep a connection when it is about to end.
"""

from vistazo.api.server import application

app = application()
