"""A new blog beside the plugins and features that people use with it: `python -m tests.company`.

| module | job |
| --- | --- |
| `cases.py` | the table: what each case adds to the blog, and what its pages must show |
| `blog.py` | the blog, its environment and its builds |
| `instant.py` | a real browser, where files say too little |
| `__main__.py` | the command |
"""
