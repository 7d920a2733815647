"""RIFE 4.6 and 4.25, frame interpolation by a network, from weights that the user brings.

    rife = load_rife(Path("rife425.pkl"))
    middle = rife.between(a, b, 0.5)

`layout` says what a weight file must hold, `weights` reads it without trusting it, `network` computes,
`model` puts them together, `presence` lists what is in a folder. Importing this loads no torch.
"""

from enhance.rife.layout import LAYOUTS, Layout
from enhance.rife.model import SCALES, Rife, load_rife
from enhance.rife.presence import RifeInfo, available_rife, rife_files

__all__ = ["LAYOUTS", "SCALES", "Layout", "Rife", "RifeInfo", "available_rife", "load_rife", "rife_files"]
