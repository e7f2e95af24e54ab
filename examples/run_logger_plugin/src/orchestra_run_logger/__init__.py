"""Logs the runs of orchestra to CSV."""
