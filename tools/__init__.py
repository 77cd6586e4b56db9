"""The repository's own tools, run by make's verbs."""
