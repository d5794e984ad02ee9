"""``uvicorn main:app``, with src on the PYTHONPATH; ``fastapi run src/main.py``.

``vistazo serve`` is the better way where there is a choice: it reads HOST and PORT as well.
"""

from vistazo.api.server import application

app = application()
