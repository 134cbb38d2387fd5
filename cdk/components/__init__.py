"""The constructs of which every stack is made."""
