"""The files that each agency holds of the authority, one module a kind of file.

Each module writes its file or files below an inbox and returns a ledger: which true person each named row is of
(columns file, row, part, person).
"""
