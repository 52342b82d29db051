"""Talks: what a client's chat is cut into. Taken, passed on, waited for, closed, scored."""
