"""The contract in the languages of others: JSON Schema, AsyncAPI and TypeScript, made from the structs and tables."""
