"""The engine computes on a thread of its own. Only here and in the rooms' answers files do Qt's threads and torch
meet.
"""
