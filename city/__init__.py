"""A made-up city: people and lives by hashing, departments that deliver them with their mistakes, the truth aside."""
