"""A compiled estimator: operations over rows of numbers, each with its formula, run with NumPy.

What an estimator of scikit-learn does when it predicts comes down to few operations: many classes
are one linear map. ``vistazo.models.estimator_import`` makes a plan of a file, ``stored`` writes
and reads it as arrays and JSON. Nothing of scikit-learn is needed, and nothing is executed but what
stands here. Sums are of float64, as in scikit-learn: its figures come out the same to 1e-6.
"""
