"""Stand-ins for the outside world, so that no test needs a key or a network."""
