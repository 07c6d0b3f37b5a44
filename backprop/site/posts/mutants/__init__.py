"""The mutation gate: is there a line in a post that could be wrong without anybody noticing?

The published code is made wrong in every way that people make it wrong, one way at a time, and the
page is run again. A mutant is killed if anything then fails: the run, an output, an assertion, a
checked line.
"""
