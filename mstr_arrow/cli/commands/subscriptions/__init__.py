"""``mstr-arrow subscriptions``: what is delivered when, to whom and how."""
