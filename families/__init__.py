"""Finds families who may need help, and shows why."""
