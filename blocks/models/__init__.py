"""Base models of generation: what each family can do, which one a folder is, and how it is loaded."""
