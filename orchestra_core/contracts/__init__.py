"""The contracts that plugins implement, and the data that travel between them."""
