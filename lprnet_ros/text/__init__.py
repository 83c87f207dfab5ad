"""How is text from outside shown safely?"""
