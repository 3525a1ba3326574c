"""The second engine: DuckDB computes what Spark has published, and says where the two differ."""
