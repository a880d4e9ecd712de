"""The SQL of the migrations, by what it keeps; `storage.schema` says in which order it runs."""
