"""The policy database: schema, sessions, queries, migrations, demo data. Connects to nothing when imported."""
