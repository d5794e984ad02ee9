"""Reads estimators of scikit-learn as data, and compiles them to plans.

A pickle is a program for a small machine. Here it is run on one that can only make inert values:
nothing is imported, nothing of the file is called. From these ``estimators`` takes what was fitted.
"""
