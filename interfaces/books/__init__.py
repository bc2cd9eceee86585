"""The journal in the formats of other people's book-keeping tools, so that they can check it."""
