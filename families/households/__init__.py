"""Households and families from the graph of ties; why are these two together?"""
