"""The part of the facade that knows what was drawn: takes, the characters they show, and how like them they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import CharacterInfo, FileRef, TakeInfo
    from data.takes import TakeMark

__all__ = ["Ledger"]


class Ledger(ABC):
    """What pages, the command line and notebooks may ask about takes and characters, and change in them.

    Takes are recorded by themselves: a step whose output is called ``take`` leaves one (docs/own_chain.md).
    """

    # -- takes --------------------------------------------------------------------------------------------------

    @abstractmethod
    def takes(
        self,
        *,
        character: str | None = None,
        job: str | None = None,
        batch: str | None = None,
        stars: int = 0,
        hidden: bool = False,
        before: str | None = None,
        limit: int = 60,
    ) -> list[TakeInfo]:
        """Takes, newest first.

        Args:
            character: id or slug; only takes that show it.
            stars: only takes with so many or more.
            hidden: those that were hidden too.
            before: id of a take; only older ones, for the next page of a gallery.
        """

    @abstractmethod
    def take_marks(self, character: str, limit: int = 5000) -> list[TakeMark]:
        """A character's takes that are not hidden, newest first: of each, what a gallery of thousands shows."""

    @abstractmethod
    def take(self, take: str) -> TakeInfo:
        """One take.

        Raises:
            UnknownName: there is none of that id.
        """

    @abstractmethod
    def add_take(
        self,
        picture: FileRef,
        settings: Mapping[str, Any] | None = None,
        *,
        character: str | None = None,
        parents: Sequence[str] = (),
        score: Mapping[str, Any] | None = None,
        label: str = "",
        user: str = "admin",
    ) -> TakeInfo:
        """A take of a picture that was brought from outside; `import_file` gives the file.

        Args:
            settings: what is known of its making (prompt, seed, model, steps, ...).
            score: as `blocks.scores` gives it, with its embedding if there is one.
        """

    @abstractmethod
    def star(self, take: str, stars: int, *, user: str = "admin") -> TakeInfo:
        """Give a take 0 to 5 stars."""

    @abstractmethod
    def keep_take(self, take: str, kept: bool = True, *, user: str = "admin") -> TakeInfo:
        """Mark a take as chosen, or no longer; the others stay."""

    @abstractmethod
    def hide_take(self, take: str, hidden: bool = True, *, user: str = "admin") -> TakeInfo:
        """Take a take out of the galleries, or put it back; nothing is deleted."""

    @abstractmethod
    def assign_take(self, take: str, character: str | None, *, user: str = "admin") -> TakeInfo:
        """Say which character a take shows (id or slug), or None."""

    # -- characters ---------------------------------------------------------------------------------------------

    @abstractmethod
    def characters(self, *, text: str = "", deleted: bool = False, limit: int = 200) -> list[CharacterInfo]:
        """Characters by name.

        Args:
            text: only those with it in their name, description or tags.
            deleted: those in the trash instead.
        """

    @abstractmethod
    def character(self, character: str, version: str = "") -> CharacterInfo:
        """One character by id or slug, also a deleted one; "" is the version that counts.

        Raises:
            UnknownName: there is none.
        """

    @abstractmethod
    def create_character(
        self,
        name: str,
        *,
        fields: Mapping[str, Any] | None = None,
        references: Mapping[str, Any] | None = None,
        reference_files: Sequence[FileRef] = (),
        headshot: FileRef | None = None,
        user: str = "admin",
    ) -> CharacterInfo:
        """A new character, at version 1.0.0; everything but the name may come later.

        Args:
            fields: see `data.characters.FIELDS`.
            references: a whole reference set, as `pick_actor` gives it.
            reference_files: the pictures of its members, in their order.

        Raises:
            InputError: a field is unknown or holds what it cannot, or the set is none.
        """

    @abstractmethod
    def edit_character(
        self, character: str, changes: Mapping[str, Any], *, expected_version: str, user: str = "admin"
    ) -> CharacterInfo:
        """A new version with some things changed; the older ones stay.

        Args:
            changes: ``name``, ``headshot`` (a `FileRef` or None), ``references`` (a whole reference set) with
                ``reference_files``, and any of the fields.
            expected_version: the version that the changes were made on.

        Raises:
            Conflict: somebody else made a version since; shows theirs and yours, and nothing was changed.
        """

    @abstractmethod
    def set_base_face(
        self, character: str, picture: str | FileRef, *, expected_version: str = "", user: str = "admin"
    ) -> CharacterInfo:
        """A new version whose headshot is a take (by id) or a file.

        Raises:
            Conflict: see `edit_character`; "" is whatever version stands.
        """

    @abstractmethod
    def character_history(self, character: str) -> list[CharacterInfo]:
        """Every version of a character, newest first."""

    @abstractmethod
    def delete_character(self, character: str, user: str = "admin") -> CharacterInfo:
        """Put a character into the trash; its takes and files stay."""

    @abstractmethod
    def restore_character(self, character: str, user: str = "admin") -> CharacterInfo:
        """Take a character out of the trash."""

    # -- references and scores ----------------------------------------------------------------------------------

    @abstractmethod
    def references(self, digest: str) -> dict[str, Any]:
        """A whole reference set by its content hash, embeddings and ``pictures`` (`FileRef`) included.

        Raises:
            UnknownName: it was never recorded here.
        """

    @abstractmethod
    def reference_file(self, digest: str) -> FileRef:
        """A whole reference set as a kept file, to be given to a chain.

        Raises:
            UnknownName: it was never recorded here.
        """

    @abstractmethod
    def score_history(self, character: str, *, limit: int = 1000) -> list[dict[str, Any]]:
        """Scores of a character's takes, oldest first: at, take, model, embedder, scorable, raw, calibrated, passed,
        gate, second. What is not scorable has None for its figures."""

    @abstractmethod
    def nearest_faces(
        self, vector: Sequence[float], *, embedder: str, k: int = 10, character: str | None = None
    ) -> list[dict[str, Any]]:
        """The takes whose faces are nearest, exactly: take and cosine, best first.

        Args:
            vector: 512 numbers of length one, from the recogniser `embedder` (SHA-256); only its own are compared.
            character: id or slug; only takes that show it.
        """
