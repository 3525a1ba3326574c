"""Who is who: subjects of clean tables become persons (or other kinds), as a kind's ``resolve.yml`` says."""
