"""The same person across records, and the UPRN of an address; each link with a reason."""
