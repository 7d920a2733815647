"""When the disk takes no more, what was acknowledged is safe, the rest is refused, and later all is well again."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blocks.errors import DiskFull
from data import audit
from data.blobs import Blobs
from data.store import Connection, Store

ROOT = Path(__file__).parents[2]

Limit = Callable[[int | None], None]


@pytest.fixture
def limit() -> Iterator[Limit]:
    """Let no file of this process grow beyond so many bytes, or again any: a full disk that every machine has."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def set_limit(most: int | None) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before[0] if most is None else most, before[1]))

    yield set_limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write_a_lot(store: Store, name: str) -> None:
    text = random.Random(name).randbytes(20_000).hex()

    def change(conn: Connection) -> None:
        conn.add("job_log", [{"job": name, "line": text}])
        audit.append(conn, "ada", "log", name, {})

    store.write(change).result()


def names(store: Store) -> list[str]:
    return [row["job"] for row in store.read("SELECT job FROM job_log ORDER BY rowid")]


def test_a_full_disk_refuses_writes_and_loses_none_that_were_acknowledged(tmp_path: Path, limit: Limit) -> None:
    home, acknowledged = tmp_path / "home", []
    with Store.open(home) as store:
        write_a_lot(store, "first")
        acknowledged.append("first")
        limit(300_000)
        with pytest.raises(DiskFull, match="What was acknowledged is safe"):
            for n in range(100):
                write_a_lot(store, f"j{n}")
                acknowledged.append(f"j{n}")
        assert names(store) == acknowledged
        limit(None)
        write_a_lot(store, "later")
        assert names(store) == [*acknowledged, "later"]
    with Store.open(home) as store:
        assert names(store) == [*acknowledged, "later"]


def test_a_lab_killed_by_a_full_disk_opens_again(tmp_path: Path, limit: Limit) -> None:
    home = tmp_path / "home"
    store = Store.open(home)
    limit(300_000)
    with pytest.raises(DiskFull):
        for n in range(100):
            write_a_lot(store, f"j{n}")
    kept = names(store)
    store.close()  # cannot fold the log into the file: no room
    limit(None)
    with Store.open(home) as again:
        assert names(again) == kept


def test_facts_written_after_a_full_disk_survive_a_kill(tmp_path: Path) -> None:
    """The refused write must leave no torn piece in the log for the later facts to stand behind."""
    life = """
import os, random, resource, sys
from pathlib import Path
from blocks.errors import DiskFull
from data.store import Store

store = Store.open(Path(sys.argv[1]))
def write(name, size):
    text = random.Random(name).randbytes(size).hex()
    store.write(lambda conn: conn.add("job_log", [{"job": name, "line": text}])).result()
    print(name)

write("before", 1000)
log = Path(sys.argv[1]) / "lab.duckdb.wal"
resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 5000, resource.RLIM_INFINITY))
try:
    write("refused", 50_000)
except DiskFull:
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for n in range(3):
    write(f"after {n}", 1000)
sys.stdout.flush()
os._exit(0)
"""
    home = tmp_path / "home"
    lived = subprocess.run(
        [sys.executable, "-c", life, str(home)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert lived.stdout.splitlines() == ["before", "after 0", "after 1", "after 2"], lived.stderr
    with Store.open(home) as store:
        assert names(store) == ["before", "after 0", "after 1", "after 2"]


def test_a_full_disk_leaves_no_half_blob(tmp_path: Path, limit: Limit) -> None:
    blobs, big = Blobs(tmp_path / "blobs"), bytes(500_000)
    source = tmp_path / "clip.mp4"
    source.write_bytes(big * 4)
    limit(300_000)
    for put in (lambda: blobs.put_bytes(big), lambda: blobs.put_file(source)):
        with pytest.raises(DiskFull, match="no space left"):
            put()
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
    limit(None)
    assert blobs.read(blobs.put_bytes(big).digest) == big
