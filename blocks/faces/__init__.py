"""Faces in pictures: found, turned upright, and told apart by a face pack of the person's choice."""

from blocks.faces.face import Face
from blocks.faces.packs import pack_digest, packs_used
from blocks.faces.reader import FaceReader, open_faces

__all__ = ["Face", "FaceReader", "open_faces", "pack_digest", "packs_used"]
