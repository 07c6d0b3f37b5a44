"""Data: a node, a graph of them, the axes and lengths of its arrays, a rule, and the errors."""
