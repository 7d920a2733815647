"""The pocket pack: small models of the lab's own, and the renderer that draws what they are trained on.

    identity   who somebody is, from a seed            look       what they wear, feel and stand in
    captions   words for a look, and back              head       a turning head in three dimensions
    canvas     paint and shading                       light      nine lightings
    face hair outfit body backdrop                     the parts that are drawn
    portrait   head and shoulders, with ground truth   figure     whole bodies in five poses
    clip       an actor moves and speaks               training   one module a network

It is a stand-in that draws small stylised people, and says so; it needs no download.
"""
