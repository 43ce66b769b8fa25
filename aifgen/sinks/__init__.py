"""Where a dataset goes. Knows nothing of models or judges."""
