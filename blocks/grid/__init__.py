"""Variation grids: the standard set of cells, and cells of a person's own."""

from blocks.grid.standard import Cell, read_cell, standard_set

__all__ = ["Cell", "read_cell", "standard_set"]
