"""Each canonical table, declared once: types, labels, units, sensitivity, retention."""
