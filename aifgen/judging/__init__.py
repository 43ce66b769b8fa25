"""Protocols, and asking a judge by one. Knows no config composer, sink or run folder."""
