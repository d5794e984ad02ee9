"""What several instances of a service know together, where there is a Redis for it."""
