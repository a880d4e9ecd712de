"""Makes real small models from real data, seeded, without the internet."""
