"""The console in browsers: who is answered, the page, a console process for each tab, and the server over them.

Only `tui.serving.server` and `tui.serving.tab` import textual-serve, an extra; the rest can be told without it.
"""
