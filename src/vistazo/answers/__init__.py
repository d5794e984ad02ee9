"""Scores become an answer that can be doubted."""
