"""One reader per return: every row accounted for, nothing silently dropped, changed or guessed."""
