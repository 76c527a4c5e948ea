"""What leaves the casebook on paper or in a workbook: a header that says what it is, and a trace before it is given."""
