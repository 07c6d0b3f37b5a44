"""The pages here are material of the tests, with rows that are wrong on purpose among them."""

collect_ignore_glob = ["*.md", "*/*.md"]
