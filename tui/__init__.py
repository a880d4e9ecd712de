"""What a person sees, presses and types: the console and the command line.

Reads storage and inserts jobs; never imports the engine or a model framework.
"""
