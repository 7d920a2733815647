"""Training itself: settings, what each family of models needs, the loop, and its checkpoints."""
