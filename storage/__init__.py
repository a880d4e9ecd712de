"""The contract between the console and the engine: what is kept, where, and in which words.

Loads no model framework, no numerical library and nothing that draws.
"""
