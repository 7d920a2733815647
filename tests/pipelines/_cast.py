"""Drawn actors with their references, for tests that blend them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2

from blocks.faces import open_faces
from blocks.pocket.identity import identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import make_references
from pipelines.blends import Parent
from pipelines.lab import Lab

__all__ = ["actor", "known_parent", "outfit_parent"]


def actor(seed: int, folder: Path) -> tuple[dict[str, Any], Path]:
    """References of an actor, and a picture from the front."""
    reader, members = open_faces(threads=1), []
    for view in ("front", "half_left"):
        pixels = draw_portrait(identity(seed), Look(view=view, outfit="suit", outfit_colour="green")).picture
        path = folder / f"{seed}-{view}.png"
        cv2.imwrite(str(path), pixels[..., ::-1])
        [face] = reader.find(pixels)
        second = reader.second_embedding(pixels, face)
        members.append({"file": path.name, "view": view, "embedding": face.embedding, "second": second})
    references = make_references(members, embedder=reader.embedder, domain="pocket", second_embedder=reader.second)
    return references, folder / f"{seed}-front.png"


def known_parent(lab: Lab, name: str, seed: int, folder: Path, weight: float = 1.0) -> Parent:
    """An actor who is a character of the lab."""
    references, picture = actor(seed, folder)
    file = lab.import_file(picture)
    made = lab.create_character(name, references=references, reference_files=[file], headshot=file)
    found = lab.reference_file(references["digest"])
    return Parent(name, weight, references=found, picture=file, character=made.id)


def outfit_parent(lab: Lab, seed: int, folder: Path) -> Parent:
    """A picture of which the outfit is taken."""
    return Parent("green suit", role="outfit", picture=lab.import_file(actor(seed, folder)[1]))
