"""Where the space on the disk went, by class of blob and by pipeline."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from data.blobs import Blobs
from data.store import Store

__all__ = ["REFERENCE", "DiskUse", "Use", "disk_use"]

REFERENCE = r"""'"\$blob": ?"([0-9a-f]{64})"'"""
"""SQL text: the pattern that finds a file's digest in the JSON of inputs and outputs."""


@dataclass(frozen=True, slots=True)
class Use:
    """How much: files, and their bytes."""

    files: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Where the space went.

    Attributes:
        classes: by class of blob.
        pipelines: by pipeline whose results name the blob; a blob that two share counts for both.
        trash: swept, not yet deleted.
        free: bytes left on the disk; None for a bucket.
    """

    classes: dict[str, Use]
    pipelines: dict[str, Use]
    trash: Use
    free: int | None


def disk_use(store: Store, blobs: Blobs) -> DiskUse:
    """Where the space went, from what the store knows."""
    count = "count(*)::BIGINT AS files, coalesce(sum(size), 0)::BIGINT AS bytes"
    classes = store.read(f"SELECT class, {count} FROM blobs WHERE trashed_at IS NULL GROUP BY class")
    pipelines = store.read(f"""
        SELECT pipeline, {count} FROM (
            SELECT DISTINCT pipeline, unnest(regexp_extract_all(outputs, {REFERENCE}, 1)) AS digest
            FROM results JOIN jobs ON jobs.id = results.job
        ) JOIN blobs USING (digest) WHERE trashed_at IS NULL GROUP BY pipeline""")
    [trash] = store.read(f"SELECT {count} FROM blobs WHERE trashed_at IS NOT NULL")
    root = Path(blobs.root)
    return DiskUse(
        classes={row["class"]: Use(row["files"], row["bytes"]) for row in classes},
        pipelines={row["pipeline"]: Use(row["files"], row["bytes"]) for row in pipelines},
        trash=Use(trash["files"], trash["bytes"]),
        free=shutil.disk_usage(root).free if root.is_dir() else None,
    )
