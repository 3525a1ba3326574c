"""The departments: what each keeps, and what it calls its columns."""
