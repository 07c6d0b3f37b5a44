"""Mistakes of an author: each fails, names its file, and says what would be right."""

from __future__ import annotations

import time

import pytest

from backprop.site.languages.checks import post_fault


def fails(project, *words, options=("--strict",)):
    result = project.build(*options)
    assert result.code == 1, result
    missing = [word for word in words if word not in result.output]
    assert not missing, result
    assert "Traceback" not in result.output
    return result


@pytest.mark.parametrize("key", ["zh", "en"])
def test_broken_link(project, key):
    project.post(key, "gradients", text="[nowhere](nowhere.md)")
    result = fails(project, f"docs/{key}/posts/gradients.md", "nowhere.md", "strict mode")
    assert len(result.faults) == 2


def test_broken_anchors(project):
    for key in ("zh", "en"):
        project.post(key, "gradients", text=f"[nowhere](../about.md#{key})")
    result = fails(project, *(f"docs/{key}/posts/gradients.md" for key in ("zh", "en")))
    assert "'#zh'" in result.output
    assert "'#en'" in result.output


def test_faults_of_all_languages_are_told_at_once(project):
    for key in ("zh", "en"):
        project.write(f"docs/{key}/about.md", f"# About\n\n[x](missing-{key}.md)\n")
    result = fails(
        project, "missing-zh.md", "missing-en.md", "docs/zh/about.md", "docs/en/about.md"
    )
    assert "Aborted with 2 warnings in strict mode!" in result.output


def test_quiet_does_not_hide_what_strict_refuses(project):
    """`--quiet` alone would keep MkDocs from counting its warnings."""
    project.post("en", "gradients", text="[nowhere](nowhere.md)")
    fails(project, "docs/en/posts/gradients.md", "nowhere.md", options=("--strict", "--quiet"))


def test_without_strict_a_fault_is_told_and_the_site_is_written(project):
    project.post("en", "gradients", text="[nowhere](nowhere.md)")
    result = project.build()
    assert result.code == 0
    assert "docs/en/posts/gradients.md" in result.output
    assert (project.site / "en/posts/gradients/index.html").is_file()


PAIRS = (("zh", "en"), ("en", "zh"))


class TestLinksBetweenLanguages:
    def test_lead_to_the_page(self, project, built):
        for key, other in PAIRS:
            project.write(f"docs/{other}/picture.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
            text = (
                "[post](../../{0}/posts/gradients.md#more) [ref][about] ![p](../../{0}/picture.svg)"
                "\n\n[about]: ../../{0}/about.md?x=1&y=2"
            )
            project.post(key, "gradients", text=text.format(other))
        built()
        for own, to, up in (("", "en/", "../../"), ("en/", "", "../../../")):
            page = project.page(own + "posts/gradients")
            assert f'href="{up}{to}posts/gradients/#more"' in page
            assert f'href="{up}{to}about/?x=1&amp;y=2"' in page
            assert f'src="{up}{to}picture.svg"' in page
            # In the excerpt on the home page, too.
            home = project.page(own)
            assert f'href="{up[6:]}{to}posts/gradients/#more"' in home
        for path in project.site.rglob("*.html"):
            assert "language-link" not in path.read_text("utf-8")
            assert "language-page" not in path.read_text("utf-8")

    def test_that_lead_nowhere(self, project):
        for key, other in PAIRS:
            project.post(key, "gradients", text=f"[x](../../{other}/posts/gradient.md)")
            project.write(
                f"docs/{key}/about.md", f"# A\n\n[x](../{other}/posts/gradients.md#mroe)\n"
            )
        result = fails(project)
        assert len(result.faults) == 5
        for key, other in PAIRS:
            page = next(f for f in result.faults if f"docs/{key}/posts/gradients.md' contains" in f)
            assert f"there is no docs/{other}/posts/gradient.md" in page
            assert f"Did you mean docs/{other}/posts/gradients.md?" in page
            anchor = next(f for f in result.faults if f"docs/{key}/about.md" in f)
            assert "has no anchor '#mroe'" in anchor
            assert "Did you mean '#more'?" in anchor

    def test_not_strict_keeps_what_was_written(self, project):
        for key, other in PAIRS:
            project.write(f"docs/{key}/about.md", f"# A\n\n[x](../{other}/gone.md)\n")
        assert project.build().code == 0
        assert 'href="../en/gone.md"' in project.page("about")
        assert 'href="../zh/gone.md"' in project.page("en/about")


@pytest.mark.parametrize(
    ("head", "line", "right"),
    [
        ("", 1, "date: 2017-03-30"),
        ("---\nslug: x\n---\n", 1, "date: 2017-03-30"),
        ("---\nslug: x\ndate: yesterday\n---\n", 3, "2017-03-30"),
        ("---\nslug: x\ndate:\n---\n", 3, "date: 2017-03-30"),
        ("---\ndate: {updated: 2017-03-30}\n---\n", 2, "date: 2017-03-30"),
        ("---\ndate: 2017-03-30\nslug: [x\n---\n", 4, "not YAML"),
        ("---\njust words\n---\n", 2, "name: value"),
    ],
)
def test_heads_of_posts(project, head, line, right):
    post = project.write("docs/zh/posts/dateless.md", head + "\n# Text\n")
    fault = post_fault(post)
    assert fault.startswith(f"docs/zh/posts/dateless.md:{line}: ")
    assert right in fault


def test_good_heads_of_posts(project):
    for date in ("2017-03-30", "2017-03-30 12:00:00", "{created: 2017-03-30}"):
        assert post_fault(project.post("zh", "dated", date=date)) is None


@pytest.mark.parametrize("key", ["zh", "en"])
def test_post_without_a_date(project, key):
    project.write(f"docs/{key}/posts/dateless.md", "# Text\n")
    fails(project, f"docs/{key}/posts/dateless.md:1: ", "date: 2017-03-30", options=())


@pytest.mark.parametrize("key", ["zh", "en"])
def test_two_posts_at_one_address(project, key):
    project.post(key, "one", head="slug: same")
    project.post(key, "two", head="slug: same")
    address = "/posts/same/"
    fails(
        project,
        f"docs/{key}/posts/one.md",
        f"docs/{key}/posts/two.md",
        address,
        "'slug'",
        options=(),
    )


def test_a_page_inside_another_language(project):
    project.write("docs/zh/en/about.md", "# About\n")
    fails(project, "docs/zh/en/about.md", "the language 'en'", options=())


def test_docs_folder_that_does_not_exist(project):
    project.languages["fr"] = {"name": "Français"}
    fails(project, "language 'fr'", "docs/fr does not exist", "docs/fr/index.md", options=())
    assert not (project.root / "docs/fr").exists()


def test_docs_folder_inside_another(project):
    project.languages["fr"] = {"docs_dir": "docs/zh/fr"}
    project.write("docs/zh/fr/index.md", "# Carnet\n")
    fails(project, "language 'fr'", "docs/zh/fr", "docs/zh (default language)", options=())


@pytest.mark.parametrize("key", ["zh", "en"])
def test_missing_first_page_is_told_and_not_written(project, key):
    index = project.root / f"docs/{key}/index.md"
    index.unlink()
    fails(project, f"docs/{key}/index.md is missing", "# Blog", options=())
    assert not index.exists()


def test_nothing_is_written_into_the_sources(project, built):
    for post in (project.root / "docs/en/posts").iterdir():
        post.unlink()
    (project.root / "docs/en/posts").rmdir()
    project.post("zh", "gradients", head="slug: gradients\nlanguages: [zh]")
    before = sorted((project.root / "docs").rglob("*"))
    built()
    assert sorted((project.root / "docs").rglob("*")) == before


def change(**settings):
    def apply(project):
        project.languages["en"].update(settings)

    return apply


def default(key):
    def apply(project):
        project.config["plugins"][0]["backprop/languages"]["default"] = key

    return apply


def block(key, value):
    def apply(project):
        project.languages[key] = value

    return apply


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (default("zn"), ["default", "'zn' is none of the languages zh, en", "Did you mean 'zh'?"]),
        (block(False, {}), ["YAML reads this key as False", "quotes"]),
        (block("no/rway", {}), ["'no/rway' is no language key"]),
        (block("en", "English"), ["languages: en", "name: English", "'English'"]),
        (block("zh", {"nav": []}), ["languages: zh", "top of mkdocs.yml", "nav"]),
        (change(site_nmae="Notes"), ["'site_nmae' is no setting", "Did you mean 'site_name'?"]),
        (change(site_dir="x"), ["languages: en", "'site_dir' cannot be set"]),
        (change(words={"hme": "x"}), ["words: 'hme'", "Did you mean 'home'?"]),
        (
            change(plugins={"serach": {}}),
            ["language 'en'", "'serach' is not in the list"],
        ),
        (change(plugins={"search": {"lang": 5}}), ["language 'en'", "lang"]),
        (change(theme={"language": "xx"}), ["language 'en'", "theme: language: 'xx'", "en, "]),
    ],
)
def test_mistakes_in_the_settings(project, mistake, words):
    mistake(project)
    fails(project, *words, options=())


def test_a_site_that_fails_takes_no_place(project):
    """Whatever ends a build, the site stays as it was, or there is none; what is not MkDocs' stays
    in its folder after a good one, too."""
    project.post("en", "gradients", text="[nowhere](nowhere.md)")
    fails(project, "No site was written to site")
    assert not project.site.exists()
    project.post("en", "gradients")
    assert project.build("--strict").code == 0
    for name in (".git/HEAD", "stale/index.html"):
        project.write(f"site/{name}", "mine")

    def files():
        return {path: path.read_bytes() for path in project.site.rglob("*") if path.is_file()}

    before = files()
    project.post("en", "gradients", text="[nowhere](nowhere.md)")
    said = fails(project, "The site in site is as it was", "nowhere.md")
    assert f"directory: {project.site}\n" in said.output  # where it would have been
    assert files() == before
    project.post("zh", "gradients", date="yesterday")
    fails(project, "The site in site is as it was", "yesterday", options=())
    assert files() == before
    for key in ("zh", "en"):
        project.post(key, "gradients", head="slug: other")
    project.save()
    time.sleep(0.2)  # what is as new as a build may have been written while it ran
    for head in ("old", "new"):  # the second time from memory
        project.write("site/.git/HEAD", head)
        result = project.build("--strict", saved=False)
        assert result.code == 0
        assert project.text(".git/HEAD") == head
    assert "Nothing has changed" in result.output
    assert {path.parent.name for path in files()} >= {"other"}
    assert not any("stale" in path.parts for path in files())
    assert list((project.root / ".cache/backprop/building").glob("aside-*")) == []


def test_posts_without_their_translations(project):
    """A post is in every language, at the same address, unless its head says otherwise."""
    project.post("en", "alone")
    project.post("zh", "renamed", head="slug: same")
    project.post("en", "another-name", head="slug: same")
    project.post("en", "gradients", head="slug: ascents")
    project.post("zh", "chinese", head="slug: chinese\nlanguages: [zh]")
    project.post("zh", "wrong", head="slug: wrong\nlanguages: [zh, eng]")
    project.post("zh", "soon")
    project.post("en", "soon", head="slug: soon\ndraft: true")
    missing = "this post has no translation: there is no docs"
    result = fails(
        project,
        f"docs/en/posts/alone.md:2: {missing}/zh/posts/alone.md. Write it; or say in the head of "
        "the post that there is none: languages: [en]",
        f"docs/zh/posts/renamed.md:2: {missing}/en/posts/renamed.md. "
        "docs/en/posts/another-name.md has the same slug",
        f"docs/en/posts/another-name.md:2: {missing}",
        "docs/en/posts/gradients.md:4: the address of this post ends in ascents, that of "
        "docs/zh/posts/gradients.md in gradients. Write the same into the head of both: "
        "slug: gradients",
        "docs/zh/posts/wrong.md:5: languages: ['zh', 'eng'] does not say in which languages this "
        "post is written. Right would be languages: [zh], or more of zh, en.",
        "Aborted with 5 warnings",
    )
    assert len(result.faults) == 6
