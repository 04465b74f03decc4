"""The made-up data: cubes and reports with everything that goes wrong somewhere, users, subscriptions, listings."""
