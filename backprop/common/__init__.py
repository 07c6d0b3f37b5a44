"""What every room needs and none owns; it imports nothing of ours.

`words` finds the text of a reader's language in a room's table, `spelling` what was perhaps meant
by a name that is not known.
"""
