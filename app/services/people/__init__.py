"""People, groups and roles: who they are, how they sign in, what they may, and who takes over from them."""
