"""Scores: how sure it is that a face in a picture is the character's."""
