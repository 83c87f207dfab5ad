"""Which parameters do the nodes have, and how are they declared and read?"""
