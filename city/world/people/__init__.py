"""People, their papers and what happens to them."""
