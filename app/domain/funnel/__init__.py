"""The funnel: users who were shown a link, paid, and then used what they paid for; a row for each time round."""
