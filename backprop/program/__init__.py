"""A page as a program: its fences are found, run from top to bottom in a process of their own, and
what happened is remembered.

    kinds                     what each kind of fence means, one row each
    blocks, fences, headers   finding the fences of a Markdown file, wherever they are nested
    page                      a page and its steps
    execute, session          running pages side by side; one page, step by step
    processes, worker, guard  the isolated process of a page
    runner, python, pycon     one fence in that process
    cache                     results by all that they depend on
    scratch                   folders that go with their process
    files                     files known by their content, replaced whole
    update                    outputs put right in the file
"""
