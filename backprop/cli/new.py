"""`backprop new`: a blog in a folder, or a post in a blog."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from backprop.cli.arguments import Usage
from backprop.site.beginning.create import BeginningError, create

EXAMPLES = """\
examples:
  backprop new blog                                 a blog in English, in the folder blog
  backprop new blog --languages zh,en --name Notes
  backprop new post batch-norm --title zh=批量归一化 en="Batch normalization"
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.usage = "%(prog)s DIR [options] | %(prog)s post SLUG [--title LANGUAGE=TITLE …]"
    parser.add_argument("what", metavar="DIR", help="the folder of the new blog; or: post SLUG")
    parser.add_argument("slug", metavar="SLUG", nargs="?", help="the name of the new post")
    parser.add_argument(
        "--languages", default="en", help="such as zh,en; the first is the default language (en)"
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
    folder = Path(options.what)
    languages = [key.strip() for key in options.languages.split(",") if key.strip()]
    created = create(folder, languages, options.name, options.package)
    for remark in created.remarks:
        print(remark)
    print(
        f"{len(created.files)} files written to {folder}. Now:\n\n"
        f"  cd {folder}\n  make serve    # the blog at http://127.0.0.1:8000/\n"
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
        raise Usage(
            f"{error.name} is not installed: run this where the blog is installed, as `make post` "
            "does, or pip install 'backprop-notes[site,test]'"
        ) from None
    for path in post.add_post(Path(), options.slug, titles):
        print(path)
    return 0
