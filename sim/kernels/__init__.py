"""Compiled loops over plain arrays: they take keys of chance as arguments and write to columns.

The arrays of one kind travel together as named tuples, declared in `columns`.
"""
