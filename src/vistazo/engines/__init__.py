"""The runtimes that turn prepared images into scores."""
