"""Texts and rows of numbers, samples as scikit-learn calls both, from a file to an answer."""
