"""Training: from folders of images to a model file, its card and its measured figures.

TensorFlow is reached through ``framework`` alone, and only ``augmentation``, ``network`` and
``fit`` use it: configuration, datasets, splits, calibration and evaluation import without it.
"""
