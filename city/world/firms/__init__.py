"""Legal entities and what becomes of them."""
