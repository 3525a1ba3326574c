"""Reading a published night: one publication, whole, by the names its tables have."""
