"""Users, groups of users, and the addresses that things are delivered to."""
