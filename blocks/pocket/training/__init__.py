"""How the pocket pack's networks are trained: one module a network, each run with

    python -m blocks.pocket.training.<name> --home DIR --steps N

and again to go on from its last checkpoint. `renders` draws the pictures that all of them learn from.
"""
