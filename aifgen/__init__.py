"""aifgen: preference datasets from AI feedback, composed from config."""

__version__ = "0.1.0"
