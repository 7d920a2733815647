"""How the database file came to be as it is: named steps, each run once, in order, and written down.

A new step is a function added to `MIGRATIONS`; one that has been released is never changed.
There are no foreign keys: DuckDB refuses to update an indexed column of a row that another one refers to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from blocks.errors import NewerStore

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["MIGRATIONS", "Migration", "migrate", "pending"]

Migration = Callable[["DuckDBPyConnection"], None]


def the_first_tables(conn: DuckDBPyConnection) -> None:
    """Blobs, results, jobs with their steps and log, the audit chain, and what cleaning can give back."""
    conn.execute(_FIRST_TABLES)


def takes_and_characters(conn: DuckDBPyConnection) -> None:
    """Assets and their versions, reference sets, takes with their scores and the embeddings of their faces."""
    conn.execute(_TAKES_AND_CHARACTERS)


def the_model_registry(conn: DuckDBPyConnection) -> None:
    """What was decided of each model's bytes: approved, pending or blocked."""
    conn.execute(_MODELS)


def the_variation_grids(conn: DuckDBPyConnection) -> None:
    """What was decided about the pictures of a grid, grids of a character's own, and sets of cells under a name."""
    conn.execute(_GRIDS)


def the_lineage(conn: DuckDBPyConnection) -> None:
    """Who a blended character was made of."""
    conn.execute(_LINEAGE)


MIGRATIONS: tuple[Migration, ...] = (
    the_first_tables,
    takes_and_characters,
    the_model_registry,
    the_variation_grids,
    the_lineage,
)


def pending(conn: DuckDBPyConnection, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[Migration, ...]:
    """The steps that this file has not taken.

    Raises:
        NewerStore: the file has taken steps that this lab does not know.
    """
    written = "SELECT 1 FROM duckdb_tables() WHERE table_name = 'migrations'"
    if not conn.execute(written).fetchone():
        return migrations
    done = {name for (name,) in conn.execute("SELECT name FROM migrations").fetchall()}
    unknown = done - {step.__name__ for step in migrations}
    if unknown:
        raise NewerStore(
            f"This home was written by a newer lab (it has taken the steps {', '.join(sorted(unknown))}). "
            "Update the lab, or open a copy from the home's backups folder with this one. Nothing was changed."
        )
    return tuple(step for step in migrations if step.__name__ not in done)


def migrate(conn: DuckDBPyConnection, steps: tuple[Migration, ...]) -> None:
    """Take the steps in one transaction: all of them, or none."""
    conn.begin()
    try:
        conn.execute('CREATE TABLE IF NOT EXISTS migrations (name VARCHAR PRIMARY KEY, "at" DOUBLE)')
        for step in steps:
            step(conn)
            conn.execute("INSERT INTO migrations VALUES (?, ?)", [step.__name__, time.time()])
        conn.commit()
    except BaseException:
        conn.rollback()
        raise


_FIRST_TABLES = """
CREATE TABLE blobs (
    digest VARCHAR PRIMARY KEY,
    size BIGINT,
    media_type VARCHAR,
    name VARCHAR,
    class VARCHAR,            -- kept, cache or transient
    created_at DOUBLE,
    trashed_at DOUBLE
);
CREATE TABLE results (
    key VARCHAR PRIMARY KEY,
    block VARCHAR,
    version VARCHAR,
    recipe VARCHAR,           -- JSON
    outputs VARCHAR,          -- JSON; a file is {"$blob": digest, "name": ..., "type": ..., "size": ...}
    seconds DOUBLE,
    units DOUBLE,
    environment VARCHAR,
    created_at DOUBLE,
    job VARCHAR,
    attempt INTEGER
);
CREATE TABLE jobs (
    id VARCHAR PRIMARY KEY,
    pipeline VARCHAR,
    title VARCHAR,
    inputs VARCHAR,           -- JSON, files as in results
    options VARCHAR,          -- JSON
    "user" VARCHAR,
    priority INTEGER,
    state VARCHAR,            -- QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED
    attempt INTEGER,
    max_attempts INTEGER,
    not_before DOUBLE,
    batch VARCHAR,
    once VARCHAR,
    parent VARCHAR,
    created_at DOUBLE,
    started_at DOUBLE,
    finished_at DOUBLE,
    progress DOUBLE,
    note VARCHAR,
    error VARCHAR,
    sequence BIGINT
);
CREATE TABLE steps (
    job VARCHAR,
    name VARCHAR,
    item INTEGER,
    attempt INTEGER,
    state VARCHAR,
    key VARCHAR,
    seconds DOUBLE,
    started_at DOUBLE,
    finished_at DOUBLE,
    error VARCHAR,
    PRIMARY KEY (job, name, item)
);
CREATE TABLE job_log (
    job VARCHAR,
    attempt INTEGER,
    "at" DOUBLE,              -- seconds since 1970; a reserved word, so quoted
    line VARCHAR
);
CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    "at" DOUBLE,
    who VARCHAR,
    action VARCHAR,
    subject VARCHAR,
    detail VARCHAR,
    previous VARCHAR,
    hash VARCHAR
);
CREATE TABLE swept_blobs (
    sweep BIGINT,             -- sequence of the sweep's audit entry
    digest VARCHAR
);
CREATE TABLE swept_results AS SELECT 0::BIGINT AS sweep, * FROM results LIMIT 0;
"""

_TAKES_AND_CHARACTERS = """
CREATE TABLE assets (
    id VARCHAR PRIMARY KEY,
    category VARCHAR,         -- talent
    slug VARCHAR,
    scope VARCHAR,            -- global, or a project's id
    version VARCHAR,          -- the one that counts
    created_at DOUBLE,
    created_by VARCHAR,
    deleted_at DOUBLE
);
CREATE TABLE asset_versions ( -- never changed
    asset VARCHAR,
    version VARCHAR,
    name VARCHAR,
    fields VARCHAR,           -- JSON
    headshot VARCHAR,         -- JSON of a FileRef
    reference_set VARCHAR,    -- digest
    "at" DOUBLE,
    who VARCHAR,
    what VARCHAR,
    sequence BIGINT,
    PRIMARY KEY (asset, version)
);
CREATE TABLE reference_sets ( -- never changed
    digest VARCHAR PRIMARY KEY,
    embedder VARCHAR,
    content VARCHAR,          -- JSON, with embeddings
    summary VARCHAR,          -- JSON, without
    pictures VARCHAR,         -- JSON of FileRefs
    created_at DOUBLE
);
CREATE TABLE takes (
    id VARCHAR PRIMARY KEY,
    picture VARCHAR,          -- digest of the blob
    name VARCHAR,
    media_type VARCHAR,
    size BIGINT,
    character VARCHAR,
    job VARCHAR,
    step VARCHAR,
    item INTEGER,
    batch VARCHAR,
    "at" DOUBLE,
    who VARCHAR,
    settings VARCHAR,         -- JSON, files as in results
    seed BIGINT,
    prompt VARCHAR,
    model VARCHAR,
    stars INTEGER,
    kept BOOLEAN,
    hidden BOOLEAN,
    parents VARCHAR,          -- JSON
    attempt INTEGER,
    label VARCHAR,
    sequence BIGINT
);
CREATE TABLE scores (
    take VARCHAR,
    embedder VARCHAR,
    reference_set VARCHAR,
    "at" DOUBLE,
    scorable BOOLEAN,
    raw DOUBLE,               -- cosine; NULL where there is nothing to score
    calibrated DOUBLE,
    passed BOOLEAN,
    gate DOUBLE,
    second DOUBLE,
    content VARCHAR,          -- JSON
    PRIMARY KEY (take, embedder, reference_set)
);
CREATE TABLE embeddings (
    take VARCHAR,
    embedder VARCHAR,         -- SHA-256 of the recogniser; vectors of two are never compared
    "at" DOUBLE,
    vector FLOAT[512] NOT NULL CHECK (
        isfinite(array_inner_product(vector, vector)) AND array_inner_product(vector, vector) BETWEEN 0.98 AND 1.02
    ),
    PRIMARY KEY (take, embedder)
);
"""

_MODELS = """
CREATE TABLE models (
    digest VARCHAR PRIMARY KEY,   -- of the file, or of the folder's manifest: other bytes are another model
    name VARCHAR,                 -- as it was called when it was decided
    kind VARCHAR,
    family VARCHAR,
    capabilities VARCHAR,         -- JSON list
    licence VARCHAR,
    commercial BOOLEAN,           -- NULL where the licence must be looked up
    source VARCHAR,
    state VARCHAR,                -- approved, pending or blocked
    why VARCHAR,
    who VARCHAR,
    "at" DOUBLE
);
"""

_GRIDS = """
CREATE TABLE grid_decisions ( -- never changed
    sequence BIGINT PRIMARY KEY,
    character VARCHAR,
    key VARCHAR,
    take VARCHAR,
    verdict VARCHAR,          -- current or discarded
    "at" DOUBLE,
    who VARCHAR
);
CREATE TABLE grid_sets (
    character VARCHAR PRIMARY KEY,
    cells VARCHAR,            -- JSON, or NULL for the standard set
    "at" DOUBLE,
    who VARCHAR
);
CREATE TABLE grid_templates (
    id VARCHAR PRIMARY KEY,
    name VARCHAR,
    cells VARCHAR,            -- JSON
    "at" DOUBLE,
    who VARCHAR,
    deleted_at DOUBLE
);
"""

_LINEAGE = """
CREATE TABLE lineage (        -- never changed
    child VARCHAR,
    place INTEGER,
    parent VARCHAR,           -- id of a character, or '' where it was none
    name VARCHAR,
    picture VARCHAR,          -- digest, or ''
    weight DOUBLE,            -- share of the face
    role VARCHAR,             -- face, outfit or style
    similarity DOUBLE,        -- of the picture that was kept; NULL where it was not measured
    method VARCHAR,
    take VARCHAR,
    "at" DOUBLE,
    who VARCHAR,
    PRIMARY KEY (child, place)
);
"""
