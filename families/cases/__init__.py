"""What people do with a family: refer, triage, allocate, assess, plan, note, review, close; a function for each act."""
