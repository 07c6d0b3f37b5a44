"""Small changes to one statement: what a student may have meant instead.

Each function proposes changes at one place of an expression (or of the statement as such),
likeliest first; the rows of `backprop.judging.hints` say which functions belong to which kind
of mistake.

    places     a place in a statement, and what can be named there
    scalars    signs, factors, powers          sums      axes, sums, terms
    matrices   transposes, order               choices   operands, masks, functions, values
    indices    what stands in brackets                   for derivatives
    statements `=` for `+=`, targets and loops in another order
"""
