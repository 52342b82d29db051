"""What each person wants to hear, by which channel, and when."""
