"""Where prompts come from. Knows nothing of models or judges."""
