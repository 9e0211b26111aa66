"""Networks: how they read texts, how they are built, trained, saved and asked.

Only files that say so import torch, and a model that needs none loads none of them.
"""
