"""The MkDocs theme `backprop`: Material's pages with this site's styles.

```yaml
theme:
  name: backprop
```

Everything that Material's `theme:` takes may be set, see `mkdocs_theme.yml` for what is set
already. The preset `backprop/blog` adds the plugins; styles and templates need none of them.
"""
