"""Characters for programs: named endpoints that take and give plain JSON. By example: docs/api.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from blocks.errors import Conflict
from workbench.access import who
from workbench.characters import Characters, Collision
from workbench.pages.wiring import record, told

__all__ = ["endpoints"]


def endpoints(characters: Characters) -> None:
    """Register them on the page that is being built."""
    _to_look(characters)
    _to_change(characters)
    _from_frames(characters)
    _grids(characters)
    _cells(characters)


def _to_look(characters: Characters) -> None:
    """What there is."""

    def characters_list(text: str, request: gr.Request) -> list[dict[str, Any]]:
        """Everybody whose name, description or tags hold a text; "" for all."""
        return [record(one) for one in characters.all(who(request), text)]

    def character(character: str, request: gr.Request) -> dict[str, Any]:
        """One of them, by id or slug, with its versions."""
        user = who(request)
        history = [record(one) for one in characters.history(user, character)]
        return {**record(characters.one(user, character)), "history": history}

    def character_takes(character: str, request: gr.Request) -> list[dict[str, Any]]:
        """Its takes, newest first."""
        return [record(take) for take in characters.takes(who(request), character)]

    def character_scores(character: str, request: gr.Request) -> list[dict[str, Any]]:
        """Its scores, oldest first."""
        return [record(entry) for entry in characters.scores(who(request), character)]

    _register(characters_list, character, character_takes, character_scores)


def _to_change(characters: Characters) -> None:
    """What a person may do to one of them."""

    def character_create(fields: dict[str, Any], people: str, request: gr.Request) -> dict[str, Any]:
        """A new one; `fields` has at least a name, `people` is the job of `/character_pick`, or ""."""
        return record(characters.create(who(request), fields, people))

    def character_edit(character: str, changes: dict[str, Any], version: str, request: gr.Request) -> dict[str, Any]:
        """Change fields of the version that was looked at; refused where another was saved since."""
        answer = characters.edit(who(request), character, changes, version)
        if isinstance(answer, Collision):
            raise Conflict(
                f"{answer.theirs.name} is at version {answer.theirs.version} by now, by {answer.theirs.updated_by}; "
                f"your changes were made on {version}. Look at the newer one, then change it."
            )
        return record(answer)

    def character_face(character: str, take: str, request: gr.Request) -> dict[str, Any]:
        """Make a take the base face."""
        return record(characters.set_base_face(who(request), character, take))

    def character_back(character: str, version: str, request: gr.Request) -> dict[str, Any]:
        """A new version that is as an old one was."""
        return record(characters.go_back(who(request), character, version))

    def character_delete(character: str, request: gr.Request) -> dict[str, Any]:
        """Put one into the trash."""
        return record(characters.delete(who(request), character))

    def character_restore(character: str, request: gr.Request) -> dict[str, Any]:
        """Take one out of the trash."""
        return record(characters.restore(who(request), character))

    _register(character_create, character_edit, character_face, character_back, character_delete, character_restore)


def _from_frames(characters: Characters) -> None:
    """People in clips and pictures, and the reference set of one of them."""

    def people_find(files: list[Any], request: gr.Request) -> dict[str, Any]:
        """Look for people in clips and pictures of the lab; the job."""
        digests = [str(file.get("digest") if isinstance(file, dict) else file) for file in files]
        return record(characters.casting.find_people(who(request), digests))

    def people(job: str, request: gr.Request) -> dict[str, Any]:
        """Who was found by a job of `/people_find`, once it has ended."""
        return record(characters.casting.people(who(request), job))

    def character_pick(job: str, identity: int, request: gr.Request) -> dict[str, Any]:
        """Make a reference set of one of them; the job."""
        return record(characters.casting.pick(who(request), job, identity))

    _register(people_find, people, character_pick)


def _grids(characters: Characters) -> None:
    """What stands in the cells of a character's grid, and what a person does about it."""
    grids = characters.grids

    def grid(character: str, request: gr.Request) -> list[dict[str, Any]]:
        """Every cell: what stands in it, what waits beside it, and what ever stood in it."""
        return [record(cell) for cell in grids.grid(who(request), character)]

    def grid_make(
        character: str, keys: list[str], which: str, section: str, request: gr.Request
    ) -> list[dict[str, Any]]:
        """Make pictures for these cells, or with none named for `which`: "missing", "flagged" or "all"; the jobs."""
        jobs = grids.make(who(request), character, keys, which=which or "missing", section=section)
        return [record(job) for job in jobs]

    def grid_confirm(character: str, key: str, take: str, request: gr.Request) -> dict[str, Any]:
        """Let a take stand in a cell."""
        return record(grids.confirm(who(request), character, key, take))

    def grid_discard(character: str, key: str, take: str, request: gr.Request) -> dict[str, Any]:
        """Forget a candidate of a cell."""
        return record(grids.discard(who(request), character, key, take))

    def grid_sheet(character: str, kind: str, request: gr.Request) -> dict[str, Any]:
        """Put the grid's pictures together on a "contact", "views" or "profile" sheet; the job."""
        return record(grids.sheet(who(request), character, kind))

    def grid_sheet_draw(character: str, kind: str, model: str, request: gr.Request) -> dict[str, Any]:
        """Draw a "profile" or "views" sheet as one picture, with a model that can ("" for the first); the job."""
        return record(grids.draw_sheet(who(request), character, kind, model))

    def grid_sheets(character: str, request: gr.Request) -> list[dict[str, Any]]:
        """The sheets that were asked for: the job of each, the digest of its file, and of drawn ones what is known."""
        return [record(sheet) for sheet in grids.sheets(who(request), character)]

    _register(grid, grid_make, grid_confirm, grid_discard, grid_sheet, grid_sheet_draw, grid_sheets)


def _cells(characters: Characters) -> None:
    """What a grid consists of."""
    grids = characters.grids

    def grid_pose(character: str, key: str, points: list[dict[str, Any]], request: gr.Request) -> dict[str, Any]:
        """Move the joints of the body that holds a cell; with none it is as set again."""
        return record(grids.pose(who(request), character, key, points))

    def grid_cell(character: str, cell: dict[str, Any], request: gr.Request) -> list[dict[str, Any]]:
        """Put a cell of one's own behind the others: its key, prompt, and what else it says; the whole grid."""
        return [record(one) for one in grids.add_cell(who(request), character, cell)]

    def grid_cell_drop(character: str, key: str, request: gr.Request) -> list[dict[str, Any]]:
        """Take a cell out of the grid; its pictures stay takes."""
        return [record(one) for one in grids.drop_cell(who(request), character, key)]

    def grid_templates(request: gr.Request) -> list[dict[str, Any]]:
        """Sets of cells under a name."""
        return [record(one) for one in grids.templates(who(request))]

    def grid_template_save(character: str, name: str, request: gr.Request) -> dict[str, Any]:
        """Keep the cells of a character's grid under a name."""
        return record(grids.save_template(who(request), character, name))

    def grid_template_changes(character: str, template: str, request: gr.Request) -> dict[str, Any]:
        """What a template, or with "" the standard set, would add, take out and change in a character's grid."""
        return record(grids.template_changes(who(request), character, template))

    def grid_template_apply(character: str, template: str, sure: bool, request: gr.Request) -> list[dict[str, Any]]:
        """Give a character the cells of a template, or with "" the standard set; `sure` if cells may go or change."""
        return [record(cell) for cell in grids.apply_template(who(request), character, template, sure)]

    _register(grid_pose, grid_cell, grid_cell_drop)
    _register(grid_templates, grid_template_save, grid_template_changes, grid_template_apply)


def _register(*handlers: Callable[..., Any]) -> None:
    for handler in handlers:
        gr.api(told(handler), api_name=handler.__name__, queue=False)
