"""Prices as a developer sees and changes them: all models on one sheet, and a draft of what they shall cost."""
