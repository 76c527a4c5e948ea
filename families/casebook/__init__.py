"""The database of families in contact with the programme; the only code that touches SQL."""
