"""Runs argilla-server as released without Docker, Elasticsearch and Redis."""

__version__ = "0.1.0"
