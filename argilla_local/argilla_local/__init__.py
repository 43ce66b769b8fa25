"""Runs an unpatched argilla-server without Docker, Elasticsearch and Redis."""

__version__ = "0.1.0"
