"""Pictures drawn by code, to train on where no photographs may be shipped."""
