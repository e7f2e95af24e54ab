"""Reading and writing of files: audio, MIDI, and whole-or-nothing writes."""
