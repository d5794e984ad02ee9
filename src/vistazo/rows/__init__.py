"""Answers as rows: for people, as JSON, CSV and Parquet, and what they were answered by."""
