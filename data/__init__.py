"""What the lab knows: the DuckDB store, its migrations, blobs, results, jobs and the audit chain."""
