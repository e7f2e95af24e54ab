"""The battery: what oracle, judges, cues and gates say of many pieces, and which of two ways of composing is better."""
