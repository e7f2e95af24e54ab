"""What is written on paper: names of keys and their scales, and what the notes of a piece are held to."""
