"""Whatever is deleted, cut, edited or swapped in a home is noticed on opening, explained, and left as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from blocks.errors import AuditBroken, HomeBusy, StoreError
from data import audit
from data.store import Store

ROOT = Path(__file__).parents[2]

# Dies with its facts still in the log, as a machine does whose plug is pulled.
CRASH = """
import os, sys
from pathlib import Path
from data import audit
from data.store import Store

store = Store.open(Path(sys.argv[1]))
for n in range(20):
    store.write(lambda conn, n=n: audit.append(conn, "ada", "job.submit", f"j{n}", {"text": "x" * 100})).result()
    store.write(lambda conn, n=n: conn.add("jobs", [{"id": f"j{n}"}])).result()
os._exit(1)
"""


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("crashed") / "home"
    subprocess.run([sys.executable, "-c", CRASH, str(home)], cwd=ROOT, timeout=60)
    assert (home / "lab.duckdb.wal").stat().st_size > 0
    return home


@pytest.fixture
def home(crashed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crashed, tmp_path / "home"))


def jobs(home: Path) -> int:
    with Store.open(home) as store:
        return int(store.read("SELECT count(*) AS n FROM jobs")[0]["n"])


def edit(home: Path, sql: str) -> None:
    with duckdb.connect(str(home / "lab.duckdb")) as raw:
        raw.execute(sql)


def refused(home: Path) -> str:
    """Open a damaged home: it must refuse, twice, and touch nothing that could still be of use; what it says."""
    before = contents(home)
    for _ in range(2):
        with pytest.raises(StoreError) as refusal:
            Store.open(home)
        assert not isinstance(refusal.value, HomeBusy)
        assert contents(home) == before
    said = str(refusal.value)
    assert "Nothing was changed" in said
    return said


def contents(home: Path) -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file() and path.name != "owner.lock"}
    return {name: content for name, content in files.items() if content}


def test_a_crash_alone_loses_nothing(home: Path) -> None:
    assert jobs(home) == 20


def test_a_deleted_log_is_noticed_and_explained(home: Path) -> None:
    (home / "lab.duckdb.wal").unlink()
    said = refused(home)
    for word in ("cut short", "lab.duckdb.wal was deleted", "audit.head", "backup", "accept_loss"):
        assert word in said


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_shortened_log_is_noticed(home: Path, keep: float) -> None:
    log = home / "lab.duckdb.wal"
    os.truncate(log, int(log.stat().st_size * keep))
    refused(home)


def test_garbage_in_place_of_the_log_is_noticed(home: Path) -> None:
    (home / "lab.duckdb.wal").write_bytes(b"\0garbage" * 500)
    refused(home)


def test_a_changed_byte_in_the_log_is_noticed(home: Path) -> None:
    log = home / "lab.duckdb.wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 0xFF
    log.write_bytes(content)
    refused(home)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET who = 'nobody' WHERE sequence = 5",
        "UPDATE audit SET detail = '{}' WHERE sequence = 5",
        "DELETE FROM audit WHERE sequence = 5",
        "DELETE FROM audit WHERE sequence > 5",
        "DELETE FROM audit",
        "UPDATE audit SET sequence = sequence + 1 WHERE sequence = (SELECT max(sequence) FROM audit)",
        "DROP TABLE audit",
        "DROP TABLE migrations",
    ],
)
def test_an_edited_record_is_noticed(home: Path, sql: str) -> None:
    edit(home, sql)
    refused(home)


def test_an_edited_entry_is_named(home: Path) -> None:
    edit(home, "UPDATE audit SET who = 'nobody' WHERE sequence = 5")
    said = refused(home)
    assert "entry 5 (job.submit on j3) was edited" in said
    assert "accept_loss" not in said


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("audit.head", Path.unlink),
        ("audit.head", lambda path: os.truncate(path, 10)),
        ("audit.head", lambda path: os.truncate(path, 0)),
        ("lab.duckdb", Path.unlink),
        ("lab.duckdb", lambda path: os.truncate(path, 0)),
        ("lab.duckdb", lambda path: os.truncate(path, 5000)),
        ("lab.duckdb", lambda path: path.write_bytes(b"<html>not a database</html>" * 1000)),
    ],
)
def test_a_file_that_is_missing_cut_or_replaced_is_noticed(
    home: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(home / name)
    refused(home)


def test_an_older_database_put_in_place_is_noticed(home: Path, tmp_path: Path) -> None:
    jobs(home)
    shutil.copy(home / "lab.duckdb", tmp_path / "older")
    with Store.open(home) as store:
        store.write(lambda conn: audit.append(conn, "ada", "job.submit", "later", {})).result()
    shutil.copy(tmp_path / "older", home / "lab.duckdb")
    assert "cut short" in refused(home)


def test_a_head_left_behind_by_a_crash_is_fine(home: Path) -> None:
    (home / "audit.head").write_text('{"hash":"%s","sequence":0}' % ("0" * 64))
    assert jobs(home) == 20


def test_a_head_that_could_not_be_written_fails_no_write_and_is_caught_up(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Store.open(home) as store:
        with monkeypatch.context() as full:
            full.setattr(audit, "write_whole", refuse)
            entry = store.write(lambda conn: audit.append(conn, "ada", "job.submit", "a", {})).result()
            assert audit.read_head(home / "audit.head").sequence < entry.sequence  # type: ignore[union-attr]
        entry = store.write(lambda conn: audit.append(conn, "ada", "job.submit", "b", {})).result()
        assert audit.read_head(home / "audit.head") == (entry.sequence, entry.hash)


def test_a_loss_can_be_accepted_knowingly_and_the_chain_says_so(home: Path) -> None:
    (home / "lab.duckdb.wal").unlink()
    with Store.open(home, accept_loss=True) as store:
        [entry] = store.read("SELECT detail FROM audit WHERE action = 'store.open'")
        assert '"accepted_loss":true' in entry["detail"]
    assert jobs(home) == 0


def test_an_edit_cannot_be_accepted(home: Path) -> None:
    edit(home, "UPDATE audit SET who = 'nobody' WHERE sequence = 5")
    with pytest.raises(AuditBroken, match="edited"):
        Store.open(home, accept_loss=True)


def test_another_process_is_told_who_owns_the_home(home: Path) -> None:
    ask = """
import sys
from pathlib import Path
from blocks.errors import HomeBusy
from data.store import Store
try:
    Store.open(Path(sys.argv[1]))
except HomeBusy as busy:
    print(busy)
"""
    with Store.open(home):
        told = subprocess.run(
            [sys.executable, "-c", ask, str(home)], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert f"process {os.getpid()}" in told.stdout
    Store.open(home).close()
