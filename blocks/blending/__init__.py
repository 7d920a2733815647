"""New people from several parents."""

from blocks.blending.blend import METHODS, Blended, Method, blend_parents, blended_references, methods_for
from blocks.blending.compare import compare_parents
from blocks.blending.means import path_weights

__all__ = [
    "METHODS",
    "Blended",
    "Method",
    "blend_parents",
    "blended_references",
    "compare_parents",
    "methods_for",
    "path_weights",
]
