"""The tabs of the family record, one a file: each reads what it shows, and only while it is open."""
