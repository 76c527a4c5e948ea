"""A made-up authority: real file formats, real rates, known truth."""
