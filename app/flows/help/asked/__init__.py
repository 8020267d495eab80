"""What people ask: each section in many people's words, and how near a question is to them, or to others' subjects."""
