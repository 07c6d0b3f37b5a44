"""`mkdocs serve` and `mkdocs build` as processes: reloading, recovering, cleaning up, repeating."""

from __future__ import annotations

import signal
import time

import pytest

from tests.site.command import Command, differences, free_port, get


@pytest.fixture
def serve(project):
    started = []

    def serve(*options):
        port = free_port()
        command = Command(project, "serve", "--dev-addr", f"127.0.0.1:{port}", *options)
        started.append(command)
        command.url = f"http://127.0.0.1:{port}/"
        command.wait_for("Serving on")
        return command

    yield serve
    for command in started:
        if command.process.poll() is None:
            command.process.kill()
            command.process.wait()


def test_serve_reloads_recovers_and_cleans_up(project, serve):
    command = serve("--strict")
    for prefix, title in (("", "梯度"), ("en/", "Gradients")):
        status, page = get(f"{command.url}{prefix}posts/gradients/")
        assert status == 200
        assert title in page
        assert f'<link rel="canonical" href="{command.url}{prefix}posts/gradients/">' in page
    assert get(command.url + "nowhere/")[0] == 404

    def shows(address, title):
        command.wait_until(lambda: title in get(command.url + address)[1])

    for key, prefix in (("en", "en/"), ("zh", "")):
        project.post(key, "gradients", title=f"Edited {key}")
        shows(f"{prefix}posts/gradients/", f"Edited {key}")

    for key, prefix in (("en", "en/"), ("zh", "")):
        project.post(key, "gradients", date="soon")
        assert f"docs/{key}/posts/gradients.md:2" in command.wait_for("is no date")
        command.wait_for("until build errors are resolved")
        project.post(key, "gradients", title=f"Mended {key}")
        shows(f"{prefix}posts/gradients/", f"Mended {key}")
        project.post(key, "gradients", text="[x](nowhere.md)")
        assert f"docs/{key}/posts/gradients.md" in command.wait_for("nowhere.md")
        project.post(key, "gradients", title=f"Mended {key} again")
        shows(prefix, f"Mended {key} again")

    # Both languages are still themselves after all this.
    command.wait_for_rest()
    assert "梯度" not in get(command.url + "en/")[1]
    assert "Mended zh again" in get(command.url)[1]
    assert "Mended en again" in get(command.url + "en/")[1]

    command.process.send_signal(signal.SIGTERM)
    assert command.process.wait(120) == 128 + signal.SIGTERM
    assert command.leftovers() == []


def test_settings_of_a_language_reload_and_an_interrupt_cleans_up(project, serve):
    command = serve()
    assert "<title>Notes</title>" in get(command.url + "en/")[1]
    project.languages["en"]["site_name"] = "Other notes"
    project.save()
    command.wait_for("Reloading browsers")
    assert "<title>Other notes</title>" in get(command.url + "en/")[1]
    command.process.send_signal(signal.SIGINT)
    command.process.wait(120)
    assert command.leftovers() == []


def test_two_builds_are_the_same_to_the_byte(project):
    project.config["plugins"] += [
        "tags",
        {"rss": {"use_git": False, "match_path": "posts/.*", "cache_dir": ".cache"}},
    ]
    for key in ("zh", "en"):
        project.write(f"docs/{key}/tags.md", "# Tags\n\n<!-- material/tags -->\n")
        project.post(key, "second", title="Second", date="2018-05-06")
    sites = []
    for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai")):
        sites.append(project.root / f"site{seed}")
        environment = {"PYTHONHASHSEED": seed, "TZ": zone}
        command = Command(project, "build", "--site-dir", str(sites[-1]), **environment)
        assert command.process.wait(120) == 0, "".join(command.all)
        assert command.leftovers() == []
        time.sleep(1.1)  # A clock of whole seconds moves on.
    assert differences(*sites) == []
    # What stands for "now" is the newest post.
    assert "06 May 2018" in (sites[0] / "feed_rss_created.xml").read_text("utf-8")


def test_the_date_of_the_build_can_be_chosen(project, monkeypatch):
    project.config["plugins"].append(
        {"rss": {"use_git": False, "match_path": "posts/.*", "cache_dir": ".cache"}}
    )
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert project.build().code == 0
    assert "13 Sep 2020" in project.text("en/feed_rss_created.xml")
