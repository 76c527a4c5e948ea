"""Rulesets as data, measures as polars expressions, three-valued evaluation, explanation from the finding."""
