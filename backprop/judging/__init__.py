"""Judging handwritten gradients: `bp.check` and the `check=` of a page are two policies on it.

record     points      the arguments, the forward run there, its cache, a random dout
           run         a backward with every assignment written down (source, instrument,
                       recorder; following, where there is no source), or with one changed
           trials      all that at all points, and which results are wrong
           elsewhere   a second look where all points are right: other sizes, called again
recognise  truth       every gradient and partial at a point (library: and what follows)
           names       which node a variable is named after
           recognise   what each value of a recording is
suspect    suspect     which statements may be wrong
correct    edits       small changes of a statement; changes: all of them, likeliest first
           correct     true values that a variable may have been meant to hold
           search      the simplest correction;  judge: the first wrong variable
say        hints       the table of kinds: how each is recognised, and its words
           kinds       which of them it is
"""
