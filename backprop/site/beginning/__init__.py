"""The beginning of a blog: what `backprop new` writes.

| module | job |
| --- | --- |
| `create.py` | a whole new blog in a folder; needs nothing but Python |
| `post.py` | one more post in a blog, in each of its languages |
| `words.py` | what stands in the new files, in each language |
| `files/` | the files as they are: `root/` for the folder, the others for the pages of a language |
"""
