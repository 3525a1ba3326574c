"""Planted cases and decoys, one file per library; the language is in :mod:`city.world.planting`."""
