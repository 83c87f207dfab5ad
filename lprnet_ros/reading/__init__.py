"""What a crop says: preprocessing, the network, CTC decoding, and the verdict."""
