"""What the page fetches: where it comes from, what is in it, and a site without it."""

import gzip
import hashlib
import io
import logging
import subprocess
import sys
import zipfile

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from backprop.site.interactive import plugin, sources
from backprop.site.interactive.archive import archive

DATA = b"a wheel"
WHEEL = sources.Wheel("numpy-x.whl", hashlib.sha256(DATA).hexdigest(), "1.0")


def test_a_folder_that_the_author_names(tmp_path):
    (tmp_path / "numpy-x.whl").write_bytes(DATA)
    path = sources.fetch(tmp_path / "project", WHEEL, str(tmp_path), say=lambda line: None)
    assert path.read_bytes() == DATA
    (tmp_path / "numpy-x.whl").unlink()
    assert sources.fetch(tmp_path / "project", WHEEL, str(tmp_path)) == path, "it is kept"


def test_a_file_that_is_another_one_is_refused_and_not_kept(tmp_path):
    (tmp_path / "numpy-x.whl").write_bytes(b"another")
    with pytest.raises(sources.SourceError, match=r"the lock wants") as error:
        sources.fetch(tmp_path, WHEEL, str(tmp_path), say=lambda line: None)
    assert WHEEL.sha256 in str(error.value)
    assert sources.kept(tmp_path, WHEEL) is None


def test_a_kept_file_that_was_damaged_is_fetched_anew(tmp_path):
    (tmp_path / "numpy-x.whl").write_bytes(DATA)
    path = sources.fetch(tmp_path, WHEEL, str(tmp_path), say=lambda line: None)
    path.write_bytes(DATA[:3])
    assert sources.fetch(tmp_path, WHEEL, str(tmp_path), say=lambda line: None).read_bytes() == DATA


def test_pyodides_distribution_is_asked_by_version_and_name(tmp_path, monkeypatch):
    folder = tmp_path / "v1.0"
    folder.mkdir()
    (folder / "numpy-x.whl").write_bytes(DATA)
    monkeypatch.setenv("BACKPROP_PYODIDE_URL", f"{tmp_path.as_uri()}/v{{version}}/")
    path = sources.fetch(tmp_path, WHEEL, "distribution", say=lambda line: None)
    assert path.read_bytes() == DATA


def test_what_is_nowhere_says_what_was_tried_and_what_helps(tmp_path):
    with pytest.raises(sources.SourceError, match="--from FOLDER") as error:
        sources.fetch(tmp_path, WHEEL, str(tmp_path / "nothing"), say=lambda line: None)
    assert "numpy-x.whl" in str(error.value)


def test_without_node_packages_the_command_that_installs_them_is_named(tmp_path):
    with pytest.raises(sources.SourceError, match="npm install pyodide@"):
        sources.node_modules(tmp_path)
    (tmp_path / "package-lock.json").write_text('{"packages": {"node_modules/mathjax": {}}}')
    with pytest.raises(sources.SourceError, match="npm install pyodide@"):
        sources.node_modules(tmp_path)
    (tmp_path / "package-lock.json").write_text('{"packages": {"node_modules/pyodide": {}}}')
    with pytest.raises(sources.SourceError, match="npm ci"):
        sources.node_modules(tmp_path)


def test_the_archive_holds_all_that_the_page_imports_and_nothing_of_the_site(tmp_path):
    """In a Python that sees the archive and numpy, and no other package."""
    zipfile.ZipFile(io.BytesIO(archive())).extractall(tmp_path)
    program = (
        "import sys, json\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "class No:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('mkdocs', 'markdown', 'sympy', 'matplotlib'):\n"
        "            raise AssertionError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "import backprop\n"
        f"assert backprop.__file__.startswith({str(tmp_path)!r}), backprop.__file__\n"
        "import pygments\n"
        f"assert pygments.__file__.startswith({str(tmp_path)!r}), pygments.__file__\n"
        "from backprop.desk import answer\n"
        "steps = [{'kind': 'python', 'code': 'def f(x):\\n    y = x * x\\n    return y'}]\n"
        "steps[0]['code'] += '\\nimport numpy as np\\nx = np.ones(3)'\n"
        "request = {'what': 'graph', 'lang': 'en', 'steps': steps, 'call': 'f(x)'}\n"
        "assert 'bp-figure' in json.loads(answer(json.dumps(request)))['html']\n"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_two_archives_are_the_same_bytes():
    assert archive() == archive()


# ── a site without it ──


@pytest.fixture
def project(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Home\n\n```python\nprint(1)\n```\n")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Notes\ntheme: material\nplugins: [backprop/posts, backprop/interactive]\n"
    )
    return tmp_path


def test_a_site_without_the_engine_has_no_buttons_and_one_line_says_how_to_have_them(
    project, caplog
):
    plugin._without_engine.cache_clear()
    config = load_config(str(project / "mkdocs.yml"), strict=True)
    with caplog.at_level(logging.INFO, "mkdocs"):
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
        build(config)
        config.plugins.on_shutdown()
    said = [line for line in caplog.messages if "python -m backprop.site.interactive" in line]
    assert len(said) == 1
    assert all(record.levelno < logging.WARNING for record in caplog.records)
    home = (project / "site/index.html").read_text()
    check = (project / "site/check/index.html").read_text()
    assert "data-bp-engine" not in home + check
    assert '<form class="bp-hand"' not in check
    assert "backprop check" in check
    assert not (project / "site/assets/backprop/engine").exists()


def test_the_site_without_engine_keeps_the_authors_own_page(project):
    (project / "docs/check.md").write_text(
        '# Mine\n\nMy words.\n\n<div class="bp-hand-in"></div>\n'
    )
    config = load_config(str(project / "mkdocs.yml"))
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    check = (project / "site/check/index.html").read_text()
    assert "My words." in check
    assert "backprop check" in check


def test_the_first_tap_is_no_more_than_nine_megabytes(engine):
    sizes = {path.name.split(".")[0]: path.stat().st_size for path in engine.glob("*.bin")}
    assert set(sizes) == {"worker", "wasm", "python", "numpy", "backprop"}
    script = sum(path.stat().st_size for path in engine.glob("page.*"))
    assert sum(sizes.values()) + script <= 9_000_000 + script * 0.65, sizes  # hosts compress it


def test_what_a_first_tap_imports_comes_compiled(engine):
    """By the page's own Python, in Node: it need not compile a megabyte before the first answer."""
    (library,) = engine.glob("python.*.bin")
    names = zipfile.ZipFile(io.BytesIO(gzip.decompress(library.read_bytes()))).namelist()
    assert "ast.pyc" in names
    assert "ast.py" not in names
    assert "urllib/request.py" in names, "a network call is refused, it is not a missing module"
    assert not [name for name in names if name.startswith("multiprocessing/")]
    for part in ("numpy", "backprop"):
        (path,) = engine.glob(f"{part}.*.bin")
        assert path.read_bytes().startswith(b"\x28\xb5\x2f\xfd"), "compiled, with Zstandard"
