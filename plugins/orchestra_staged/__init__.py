"""The schedule `staged`: a search over score choices, then declared stages of gradient descent."""
