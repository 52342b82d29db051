"""The activity report: its daily numbers, what they mean, and the reports that go out with them."""
