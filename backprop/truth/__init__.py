"""Gradients without the text of the rules: the graph replayed, and numeric differences."""
