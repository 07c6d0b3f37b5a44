"""check="f(args)": every line of a fence that assigns a gradient, against the traced graph."""
