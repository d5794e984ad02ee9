"""Twenty models, to measure 'vistazo card' on: what measure_card_search.py needs."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
