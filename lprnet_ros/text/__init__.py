"""How text from outside is taken in and shown safely."""
