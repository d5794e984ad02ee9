"""What is done to texts before a model sees them: nothing here knows a model."""
