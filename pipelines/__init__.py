"""The chains, one daggr graph a file, and the engine that runs them."""
