"""Marks readings against ratings: metrics with intervals, baselines, tables and figures."""
