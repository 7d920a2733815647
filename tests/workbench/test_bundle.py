"""Several files come as one ZIP, each once, under names that cannot clash or climb."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pipelines.lab import Lab


def test_files_of_one_name_get_numbers_and_each_comes_once(lab: Lab, client: TestClient, tmp_path: Path) -> None:
    digests = []
    for content in (b"one", b"two"):
        (tmp_path / "take.png").write_bytes(content)
        digests.append(lab.import_file(tmp_path / "take.png", "../take.png").digest)
    wanted = "&".join(f"d={digest}" for digest in [*digests, digests[0]])
    answer = client.get(f"/media/together?{wanted}")
    assert answer.headers["content-disposition"] == 'attachment; filename="takes.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        assert [archive.read(name) for name in names] == [b"one", b"two"]
        assert len(set(names)) == 2 and not any("/" in name or ".." in name for name in names)


@pytest.mark.parametrize("query", ["", "d=..%2Fetc%2Fpasswd", "&".join(f"d={n:064x}" for n in range(401))])
def test_what_names_no_files_or_too_many_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/media/together?{query}").status_code == 400


def test_a_file_that_is_not_there_ends_it_with_a_reason(client: TestClient) -> None:
    assert client.get(f"/media/together?d={'0' * 64}").status_code == 404
