"""The engine's five verbs, a module each: collect, conform, check, write, record."""
