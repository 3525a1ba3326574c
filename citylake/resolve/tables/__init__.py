"""What makes the tables of who is who, one module per table, as a transform beside a contract does: ``transform`` and ``changes``."""
