"""What is remembered between runs: one file, which may be lost or broken at any time."""

import os
import sqlite3
import threading
import time
import zlib
from pathlib import Path

import pytest

from backprop.program import store
from backprop.program.store import Store, digest


def test_a_value_is_there_for_the_next_process(tmp_path):
    first = Store(tmp_path / "made")
    assert first.get("a") is None
    first.put("a", {"text": "字"})
    assert first.get("a") == {"text": "字"}
    first.keep()
    assert Store(tmp_path / "made").get("a") == {"text": "字"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_processes_make_a_value_once(tmp_path):
    """Each makes what the other one is not at, and gets what the other has made."""

    def make(name):
        def made():
            with (tmp_path / "log").open("a") as log:
                log.write(f"{name} {os.getpid()}\n")
            if name == "a":  # the second to come is at b before this is done
                begins = time.monotonic()
                while not (tmp_path / "b").exists() and time.monotonic() - begins < 20:
                    time.sleep(0.01)
            (tmp_path / name).touch()
            return {"name": name}

        return made

    makers = {digest(name): make(name) for name in "ab"}
    wanted = [{"name": "a"}, {"name": "b"}]
    pid = os.fork()
    if pid == 0:
        try:
            right = list(Store(tmp_path / "made").made_together(makers).values()) == wanted
        finally:
            os._exit(0 if right else 1)
    assert list(Store(tmp_path / "made").made_together(makers).values()) == wanted
    assert os.waitpid(pid, 0)[1] == 0
    made = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert sorted(name for name, _ in made) == ["a", "b"]
    assert len({maker for _, maker in made}) == 2


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100, b"SQLite format 3\0", None])
def test_a_broken_or_lost_file_is_made_anew(tmp_path, damage):
    path = tmp_path / "made"
    first = Store(path)
    first.put("a", 1)
    first.keep()
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        file.unlink(missing_ok=True)
    if damage is not None:
        path.write_bytes(damage)
    second = Store(path)
    assert second.get("a") is None
    second.put("a", 2)
    second.keep()
    assert Store(path).get("a") == 2


def test_a_file_that_is_deleted_under_a_running_process_is_made_anew(tmp_path):
    path = tmp_path / "made"
    kept = Store(path)
    for value in (1, 2):
        kept.put("a", value)
        kept.keep()
        assert Store(path).get("a") == value
        for file in tmp_path.iterdir():
            file.unlink()
        assert kept.get("a") is None


@pytest.mark.parametrize("value", [b"no zlib", zlib.compress(b"{no json"), zlib.compress(b"\xff")])
def test_a_value_that_cannot_be_read_is_none(tmp_path, value):
    kept = Store(tmp_path / "made")
    kept.put("a", 1)
    kept.keep()
    with sqlite3.connect(tmp_path / "made") as database:
        database.execute("UPDATE made SET value = ?", (value,))
    database.close()
    other = Store(tmp_path / "made")
    assert other.get("a") is None
    assert other.made("a", lambda: 2) == 2


def test_where_nothing_can_be_written_a_value_lives_as_long_as_its_process():
    for kept in (Store(), Store(Path("/dev/null/made"))):
        for number in range(100):
            kept.put(str(number), number)
        kept.keep()
        assert [kept.get(str(number)) for number in range(100)] == list(range(100))


def test_what_nobody_asked_for_in_a_month_goes(tmp_path, monkeypatch):
    path = tmp_path / "made"

    def on(day):
        kept = Store(path)
        kept._today = day
        return kept

    first = on(100)
    for key in ("old", "used"):
        first.put(key, 1)
    first.keep()
    later = on(100 + store.KEPT_DAYS)
    assert later.get("used") == 1
    later.keep()
    last = on(101 + store.KEPT_DAYS)
    last.put("new", 1)
    last.keep()
    assert [on(0).get(key) for key in ("old", "used", "new")] == [None, 1, 1]


def test_threads_and_forks_may_use_it_at_once(tmp_path):
    kept = Store(tmp_path / "made")

    def write(name):
        for number in range(100):
            kept.put(f"{name}{number}", number)

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    if hasattr(os, "fork"):
        with store._one_at_a_time:
            child = os.fork()
            if child == 0:
                write("c")
                kept.keep()
                os._exit(0)
        os.waitpid(child, 0)
    for thread in threads:
        thread.join()
    kept.keep()
    names = "abc" if hasattr(os, "fork") else "ab"
    fresh = Store(tmp_path / "made")
    assert all(fresh.get(f"{name}{n}") == n for name in names for n in range(100))


def test_a_digest_is_the_same_for_the_same_and_another_for_another():
    assert digest({"b": 1, "a": [2]}, "x") == digest({"a": [2], "b": 1}, "x")
    assert len({digest(*parts) for parts in ([], [1], ["1"], [[1]], [1, 1], ["\ud800"])}) == 6


def test_a_project_has_one_store(tmp_path):
    assert store.at(tmp_path) is store.at(tmp_path / "a" / "..")
    assert store.at(tmp_path).path == tmp_path.resolve() / store.NAME
