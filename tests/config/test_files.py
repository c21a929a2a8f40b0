"""Files are written whole; links, pipes and devices stay what they are; permissions are the owner's or the umask's."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.config.files import output_file, write_named, write_output, write_private
from aggregator.exceptions import DeliveryError


@pytest.fixture(params=[0o022, 0o027, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_our_own_files_are_private_and_outputs_follow_the_umask(tmp_path: Path, umask: int) -> None:
    write_private(tmp_path / "own", b"x")
    write_output(tmp_path / "output", b"x")
    assert mode(tmp_path / "own") == 0o600
    assert mode(tmp_path / "output") == 0o666 & ~umask


def test_a_file_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_private(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    for name in ("there", "not there"):
        link = tmp_path / name
        link.symlink_to(Path("real") / name)
        if name == "there":
            link.write_bytes(b"old")
        write_output(link, b"new")
        assert link.is_symlink()
        assert (tmp_path / "real" / name).read_bytes() == b"new"
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(DeliveryError, match="circle"):
        write_output(tmp_path / "circle", b"new")


def test_under_a_name_of_ours_a_link_is_replaced_and_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to("theirs")
    (tmp_path / "lost").symlink_to("nowhere")
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o640)
    for name in ("link", "lost", "file", "new"):
        write_named(tmp_path / name, b"new")
        assert not (tmp_path / name).is_symlink()
        assert (tmp_path / name).read_bytes() == b"new"
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not (tmp_path / "nowhere").exists()
    assert mode(tmp_path / "file") == 0o640


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_output(pipe, b"x" * 300_000)
    reader.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert read == [b"x" * 300_000]


def test_a_device_is_written_to() -> None:
    write_output(Path("/dev/null"), b"gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="cannot be written"):
        write_output(tmp_path, b"x")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over_feeds_or_settings(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.yaml"
    write_private(feeds, b"feeds: []\n")
    write_output(tmp_path / "new.yaml", b"x")
    with pytest.raises(DeliveryError, match="is YAML, as feeds and settings are"):
        write_output(feeds, b"x")
    with pytest.raises(DeliveryError, match="is YAML, as feeds and settings are"), output_file(feeds):
        pass
    assert feeds.read_bytes() == b"feeds: []\n"


@pytest.mark.parametrize("name", ["a.db", "a.db-wal", "a.db-shm", "a.db-journal", "a.db.lock", "link"])
def test_nothing_is_written_over_a_database_or_what_lies_beside_it(tmp_path: Path, name: str) -> None:
    database = tmp_path / "a.db"
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE t (x)")
    before = database.read_bytes()
    (tmp_path / "link").symlink_to("a.db")
    with pytest.raises(DeliveryError, match="is a database or belongs to one"):
        write_output(tmp_path / name, b"x")
    with pytest.raises(DeliveryError, match="is a database or belongs to one"), output_file(tmp_path / name):
        pass
    assert database.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "link"]


def test_what_is_written_piece_by_piece_appears_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    with output_file(tmp_path / "link") as file:
        file.write(b"one ")
        assert not (tmp_path / "real").exists()
        file.write(b"two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"one two"
    with pytest.raises(TypeError), output_file(tmp_path / "real") as file:
        file.writelines([b"half", None])  # type: ignore[list-item]
    assert (tmp_path / "real").read_bytes() == b"one two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]
