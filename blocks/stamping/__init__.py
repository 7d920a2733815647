"""Where each kind of file keeps words about itself: one module a format, each with the same two functions.

    find(file, size)            the XMP packet that is in the file, or None
    place(file, size, packet)   the file again with this packet in it, as `parts.Part`s

`xmp` writes and reads the packet, `parts` puts files together. Matroska's tags are no XMP: there the same functions
take and give the recipe's text.
"""
