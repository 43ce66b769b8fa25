"""People in the loop: what they should look at, the way to Argilla and back, the local server."""
