"""The layer gate: Great Expectations over what a night has written, acceptance, refusal."""
