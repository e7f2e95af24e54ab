"""How far an emotion oracle can be trusted: material, sounds, measurements and the page of ``docs/oracle_trust.py``."""
