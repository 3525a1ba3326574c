"""Nothing lost, nothing twice: a real night is killed at a named moment, run once more, and compared."""
