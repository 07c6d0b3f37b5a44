"""`backprop new`: a blog in a folder, or a post in a blog."""

from __future__ import annotations

import argparse
import importlib
import shlex
from pathlib import Path

from backprop.cli.arguments import Usage
from backprop.cli.there import run_there
from backprop.site.beginning.create import BeginningError, create

EXAMPLES = """\
examples:
  backprop new blog                                 in Chinese and English, in the folder blog
  backprop new blog --languages en --name Notes     in one language
  backprop new post batch-norm --title zh=批量归一化 en="Batch normalization"
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.usage = "%(prog)s DIR [options] | %(prog)s post SLUG [--title LANGUAGE=TITLE …]"
    parser.add_argument("what", metavar="DIR", help="the folder of the new blog; or: post SLUG")
    parser.add_argument("slug", metavar="SLUG", nargs="?", help="the name of the new post")
    parser.add_argument(
        "--languages",
        default="zh,en",
        help="the default language, whose pages stand at /, and others, whose pages stand at "
        "/en/ (zh,en)",
    )
    parser.add_argument("--name", help="of the site")
    parser.add_argument(
        "--package", help="what the blog installs: a wheel, or a requirement of pip's"
    )
    parser.add_argument(
        "--title",
        nargs="+",
        action="extend",
        default=[],
        metavar="LANGUAGE=TITLE",
        help="of the new post; may be given several times",
    )


def run(options: argparse.Namespace) -> int:
    try:
        return _post(options) if _is_post(options) else _blog(options)
    except BeginningError as error:
        raise Usage(str(error)) from None


def _is_post(options: argparse.Namespace) -> bool:
    if options.what == "post" and options.slug:
        return True
    if options.slug or options.title:
        raise Usage("a post is begun with: backprop new post SLUG [--title LANGUAGE=TITLE …]")
    return False


def _blog(options: argparse.Namespace) -> int:
    if not options.what.strip():
        raise Usage("name the folder of the new blog: backprop new blog")
    folder = Path(options.what)
    languages = [key.strip() for key in options.languages.split(",") if key.strip()]
    created = create(folder, languages, options.name, options.package)
    for remark in created.remarks:
        print(remark)
    first, *others = languages
    where = ", ".join([f"{first} at /", *(f"{key} at /{key}/" for key in others)])
    print(f"{len(created.files)} files written to {folder}: {where}. Now:\n")
    if folder.resolve() != Path().resolve():
        print(f"  cd {shlex.quote(str(folder))}")
    print(
        "  make serve    # the blog at http://127.0.0.1:8000/\n"
        "  make test     # everything that it claims"
    )
    return 0


def _post(options: argparse.Namespace) -> int:
    titles = {}
    for given in options.title:
        language, equals, title = given.partition("=")
        if not equals or not title:
            raise Usage(f"--title {given}: write LANGUAGE=TITLE, such as en=Variance")
        titles[language] = title
    try:
        post = importlib.import_module("backprop.site.beginning.post")
    except ModuleNotFoundError as error:
        said = [part for title in options.title for part in ("--title", title)]
        make = f"make post SLUG={shlex.quote(options.slug)}"
        return run_there(error, make, ["new", "post", options.slug, *said])
    for path in post.add_post(Path(), options.slug, titles):
        print(path)
    return 0
