"""The steps that chains are made of, and the few words every room shares (blocks, errors, progress)."""
