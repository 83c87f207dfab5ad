"""How the plate finder is made: pictures with plates composed into them, the network, its training."""
