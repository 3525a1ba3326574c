"""What happened: deliveries and receipts, runs, contents, leases, nights, publications, audit."""
