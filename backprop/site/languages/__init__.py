"""One MkDocs site in several languages: the plugin `backprop/languages`.

    plugins:
      - backprop/languages:
          default: zh                # its settings are those at the top of mkdocs.yml
          languages:
            zh: {name: 中文, tag: zh-Hans}
            en:                      # published below /en/
              name: English
              site_name: Notes       # from here on: any setting of mkdocs.yml, merged deeply
              nav: [{About: about.md}]
              plugins: {search: {pipeline: [stemmer]}}

A language is one block and one docs folder, `docs_dir`; if that is not set, the sibling of the
default folder named by the key. The same path in two folders is one page in two languages. `tag` is
the BCP 47 tag that browsers read; `words` replaces words of `words.py`. `reproducible: false` lets
feeds and sitemaps carry the time of the build instead of the date of the newest post.

A post has a translation of the same name and slug in every language, or says in its head in which
languages it is written: `languages: [en]`.

A link to another language is the path to its file: `[English](../../en/posts/backward.md#top)`.

How it works: the build that MkDocs runs is the build of the default language. Just before it
renders its pages it runs MkDocs' own build once more for the next language, with the settings of
that language laid over `mkdocs.yml`, and so on: a chain of whole builds in which every address of
every language is known before any page is written. Blog, archive, search, feed and navigation are
therefore those of a site with one language, for each language. `mkdocs build` builds the others in
a process beside that of the default language, from the first file on, where the plugins are known
to allow it (`backprop.site.building.beside`).

| module | job |
| --- | --- |
| `options.py` | what the author may write in `mkdocs.yml`, and what is wrong with it |
| `nested.py` | the settings of one more language, and MkDocs' state kept apart |
| `catalogue.py` | every page of every language, its address and its translations |
| `translations.py` | posts that lack a translation, or have it at another address |
| `links.py` | links from a page to a page of another language |
| `outputs.py` | hreflang, the switcher, the note on untranslated pages, sitemaps, robots.txt |
| `first.py` | what `/` is where there is no index |
| `checks.py` | mistakes in posts, told before a plugin trips over them |
| `messages.py` | warnings of MkDocs and its plugins name the file with its folder |
| `words.py` | what readers see, in each language |
| `plugin.py` | the events of MkDocs |
"""

from backprop.site.languages.plugin import LanguagesPlugin

__all__ = ["LanguagesPlugin"]
