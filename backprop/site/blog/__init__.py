"""A whole blog in one line of `mkdocs.yml`: the preset `backprop/blog`.

```yaml
site_name: Notes
site_url: https://notes.example.org/
theme: {name: backprop}
plugins:
  - backprop/blog
```

It adds the plugins, Markdown extensions and settings of the tables in `defaults.py`. What the
author writes wins, option by option: list a plugin, an extension or a setting as MkDocs documents
it, and only what is written changes (`rss: {enabled: false}` leaves the feeds out). The options of
the preset itself are those of Material's blog.

| module | job |
| --- | --- |
| `defaults.py` | the tables: what is set, and how languages differ |
| `complete.py` | an author's settings laid over the tables |
| `words.py` | what readers see, in each language |
| `plugin.py` | the moment at which MkDocs is told |
"""

from backprop.site.blog.plugin import BlogPlugin

__all__ = ["BlogPlugin"]
