"""What a generator of a resource is made with."""
