"""The publication: one set of versions that makes a night, and the catalogue views that follow it."""
