"""Asking models: requests, transports, limits, the store. Knows nothing of judging or of runs."""
