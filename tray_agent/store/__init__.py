"""The agent's own database: engine, transactions, tables, migrations. Importing it costs SQLAlchemy: import late."""
