"""The account as a whole: its settings, its health, what failed, what is kept."""
