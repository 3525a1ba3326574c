"""Going back: every table to what a published night held, and the publication with them."""
