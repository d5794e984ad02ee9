"""A package, so that its tests can share one browser and give it back before others run."""
