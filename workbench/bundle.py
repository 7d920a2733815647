"""Several files of the lab as one ZIP, under their own names."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response, StreamingResponse

from blocks.errors import Denied, LabError
from workbench.access import User, authorize
from workbench.filenames import safe_name

if TYPE_CHECKING:
    from pipelines.lab import Lab

__all__ = ["MOST_FILES", "bundled"]

MOST_FILES = 400
MOST_BYTES = 2 << 30
KEPT_IN_MEMORY = 16 << 20
PIECE = 1 << 20

DIGEST = re.compile(r"[0-9a-f]{64}")
HEADERS = {
    "cache-control": "no-store",
    "content-disposition": 'attachment; filename="takes.zip"',
    "x-content-type-options": "nosniff",
}


def bundled(lab: Lab, user: User, digests: list[str]) -> Response:
    """A download of these files; pictures are compressed already, so they are only stored.

    Two files of one name get numbers; what is not there, or may not be taken out, ends the whole with a reason.
    """
    wanted = list(dict.fromkeys(digests))
    if not wanted or len(wanted) > MOST_FILES or not all(DIGEST.fullmatch(one) for one in wanted):
        return PlainTextResponse(f"Name 1 to {MOST_FILES} files of the lab by their digests, as ?d=...&d=...", 400)
    try:
        for digest in wanted:
            authorize(user, "export", f"file {digest[:12]}")
        found = [lab.media(digest) for digest in wanted]
    except Denied as error:
        return PlainTextResponse(str(error), 403)
    except LabError as error:
        return PlainTextResponse(str(error), 404)
    if sum(one.size for one in found) > MOST_BYTES:
        return PlainTextResponse("These files are more than 2 GB together; download fewer at once.", 413)
    packed = tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY)  # noqa: SIM115  it lives as long as the answer
    taken: set[str] = set()
    try:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for one in found:
                archive.write(one.path, _own_name(one.name, taken))
    except OSError as error:
        packed.close()
        return PlainTextResponse(f"The files could not be put together ({error.strerror}). Try fewer at once.", 500)
    packed.seek(0)
    return StreamingResponse(_pieces(packed), media_type="application/zip", headers=HEADERS)


def _own_name(name: str, taken: set[str]) -> str:
    """The file's name, without folders, and with a number where another has it already."""
    path = Path(safe_name(name, "file"))
    number, shown = 1, path.name
    while shown.casefold() in taken:
        number += 1
        shown = f"{path.stem}-{number}{path.suffix}"
    taken.add(shown.casefold())
    return shown


def _pieces(packed: IO[bytes]) -> Iterator[bytes]:
    with packed:
        while piece := packed.read(PIECE):
            yield piece
