"""New people from several parents."""

from blocks.blending.blend import (
    METHODS,
    MOST_PARENTS,
    ROLES,
    Blended,
    Method,
    blend_parents,
    blended_references,
    methods_for,
)
from blocks.blending.compare import compare_parents
from blocks.blending.means import path_weights, unit_weights
from blocks.blending.parents import meet_parents

__all__ = [
    "METHODS",
    "MOST_PARENTS",
    "ROLES",
    "Blended",
    "Method",
    "blend_parents",
    "blended_references",
    "compare_parents",
    "meet_parents",
    "methods_for",
    "path_weights",
    "unit_weights",
]
