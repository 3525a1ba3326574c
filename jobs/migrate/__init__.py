"""Contracts that changed: what differs from the tables' files, and how the files follow."""
