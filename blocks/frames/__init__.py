"""From pictures and clips to people: frames that are worth it, the faces in them, and who is who."""

from blocks.frames.people import Actor, People, find_people, pick_actor

__all__ = ["Actor", "People", "find_people", "pick_actor"]
