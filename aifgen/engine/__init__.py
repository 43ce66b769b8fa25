"""Where rows are worked on: this process (local)."""
