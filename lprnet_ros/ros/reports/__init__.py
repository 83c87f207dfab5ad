"""What does a node report about itself? Log, counts, diagnostics."""
