"""A file of somebody's becomes a compiled model that is known to be the one asked for."""
