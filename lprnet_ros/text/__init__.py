"""How text from outside is shown safely."""
