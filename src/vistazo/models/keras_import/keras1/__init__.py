"""Files of Keras 1.0 to 1.2, in the words of Keras 2: settings, arrays, backend.

What the layers were called, and computed, was read in Keras 1.0.0 to 1.2.2 itself, and in
``keras/legacy/interfaces.py`` and ``preprocess_weights_for_loading`` of Keras 2. What cannot be
said exactly in Keras 2 is refused.
"""
