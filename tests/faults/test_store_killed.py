"""Killed at any moment, the store keeps every fact it acknowledged and every blob a fact names."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.blobs import Blobs
from data.store import Store

ROOT = Path(__file__).parents[2]
KILLS = 1000 if "LAB_SOAK" in os.environ else 25

IN_A_HOME = {"lab.duckdb", "audit.head", "owner.lock", "reserve", "backups", "blobs"}

# Puts a blob, writes the fact that names it with its audit entry, and says so; a few at a time, for ever.
OWNER = """
import random, sys
from pathlib import Path
from data import audit
from data.blobs import Blobs
from data.store import Store

home, life = Path(sys.argv[1]), sys.argv[2]
blobs = Blobs(home / "blobs")
with Store.open(home) as store:
    blobs.remove_stale()
    print("open", flush=True)
    number = 0
    while True:
        waiting = []
        for _ in range(random.randrange(1, 6)):
            number += 1
            name = f"{life}-{number}"
            blob = blobs.put_bytes(name.encode() * random.randrange(1, 6_000))

            def change(conn, name=name, blob=blob):
                conn.add("results", [{"key": name, "outputs": blob.digest}])
                conn.put("blobs", [{"digest": blob.digest, "size": blob.size, "class": "cache"}])
                audit.append(conn, "owner", "result", name, {"digest": blob.digest})

            waiting.append((name, store.write(change)))
        for name, done in waiting:
            done.result()
            print(name, flush=True)
"""


def live_and_die(home: Path, life: int, moments: random.Random) -> list[str]:
    """Run an owner and kill it at a random moment; the facts it acknowledged until then."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home), str(life)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as owner:
        said = []
        assert owner.stdout is not None and owner.stderr is not None
        if life % 5:  # at work, after so many facts: counted, for machines are not equally fast
            wanted = moments.randrange(1, 60)
            while len(said) < wanted and (line := owner.stdout.readline()):
                said.append(line)
            time.sleep(moments.uniform(0, 0.01))
        else:  # while it opens, or soon after
            time.sleep(moments.uniform(0.05, 0.4))
        owner.kill()
        said += owner.stdout.readlines()
        complaint = owner.stderr.read()
    assert owner.returncode == -9, complaint  # a life that ends otherwise was refused by the store
    return [line.strip() for line in said if line.endswith("\n") and line != "open\n"]


def kill_owners(home: Path, kills: int, seed: int) -> None:
    moments = random.Random(seed)
    acknowledged = {name for life in range(kills) for name in live_and_die(home, life, moments)}
    assert len(acknowledged) > kills  # the kills have hit a store at work

    blobs = Blobs(home / "blobs")
    with Store.open(home) as store:  # verifies the chain
        blobs.remove_stale()
        facts = {row["key"]: row["outputs"] for row in store.read("SELECT key, outputs FROM results")}
        entries = {row["subject"] for row in store.read("SELECT subject FROM audit WHERE action = 'result'")}
        rows = {row["digest"] for row in store.read("SELECT digest FROM blobs")}
    assert acknowledged <= set(facts)
    assert entries == set(facts)
    assert rows == set(facts.values())
    for digest in blobs.digests():
        blobs.verify(digest)
    assert rows <= set(blobs.digests())
    assert list((home / "blobs" / ".new").iterdir()) == []
    assert {path.name for path in home.iterdir()} <= IN_A_HOME


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_kills_of_the_owner_lose_no_acknowledged_fact_and_leave_no_half_blob(tmp_path: Path) -> None:
    kill_owners(tmp_path / "home", KILLS, seed=KILLS)


def test_processes_that_put_the_same_blobs_at_once_leave_each_whole_and_once(tmp_path: Path) -> None:
    put = """
import sys
from data.blobs import Blobs
sys.stdin.readline()
blobs = Blobs(sys.argv[1])
for n in range(40):
    blobs.put_bytes(bytes([n]) * 50_000)
"""
    start = [sys.executable, "-c", put, str(tmp_path / "blobs")]
    writers = [subprocess.Popen(start, cwd=ROOT, stdin=subprocess.PIPE, text=True) for _ in range(4)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    blobs = Blobs(tmp_path / "blobs")
    found = list(blobs.digests())
    assert len(found) == len(set(found)) == 40
    for digest in found:
        blobs.verify(digest)
    assert blobs.remove_stale() == 0
