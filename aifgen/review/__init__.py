"""People look at rows in Argilla: its local server, the way there and back. Knows no command."""
