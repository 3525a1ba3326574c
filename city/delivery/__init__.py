"""How departments hand over: files, databases, the API, wrong files on bad days; and the truth set aside."""
