"""What a model is: boosters, curves, policies and the bundle that carries them."""
