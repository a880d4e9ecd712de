"""The page around a served console: the terminal, what is shown before its first frame, and after its end. Pure.

Of textual-serve it uses the script of the terminal, the terminal's style sheet and the font, which lie beside the program: the page works
without the internet, and fetches nothing from it.
"""

from tui.report.markup import Html, element, join

FONT_PIXELS = 16
SMALLEST_PIXELS, LARGEST_PIXELS = 6, 60

SCRIPT = "/static/js/textual.js"
TERMINAL_STYLE = "/static/css/xterm.css"
OWN_SCRIPT = "/console.js"
FONT = "/static/fonts/RobotoMono-VariableFont_wght.ttf"

STYLE = f"""
@font-face {{ font-family: "Roboto Mono"; src: url("{FONT}") format("truetype"); font-weight: 100 700; }}
html, body {{ height: 100%; margin: 0; }}
body {{ background: #0e141b; color: #d7dce2; font: 16px/1.5 "Roboto Mono", monospace; overflow: hidden; }}
.textual-terminal {{ position: absolute; inset: 0; opacity: 0; }}
.-first-byte .textual-terminal {{ opacity: 1; }}
.message {{ position: absolute; inset: 0; display: flex; flex-direction: column; align-items: center;
  justify-content: center; gap: 1rem; z-index: 20; padding: 1rem; text-align: center; }}
.-first-byte .begin, .-closed .begin {{ display: none; }}
.end {{ display: none; background: #0e141be6; }}
.-closed .end {{ display: flex; }}
.end a {{ color: #0e141b; background: #4fc3d9; padding: .4rem 1.2rem; text-decoration: none; }}
.end a:focus-visible, .end a:hover {{ outline: 2px solid #d7dce2; outline-offset: 2px; }}
"""


FOCUS = """
new MutationObserver(() => {
  const seen = document.body.classList;
  if (seen.contains("-closed")) document.querySelector(".end a").focus();
  else if (seen.contains("-first-byte")) document.querySelector(".xterm-helper-textarea").focus();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });
"""
"""The script at `OWN_SCRIPT`: keys reach the console at once, and ``⏎`` opens it again; textual-serve waits for a click."""


def page(*, title: str, socket: str, font_pixels: int = FONT_PIXELS) -> Html:
    """Return the page whose terminal speaks to the given WebSocket.

    The classes and the ``data-`` attributes are those that textual-serve's script looks for.
    """
    size = min(max(font_pixels, SMALLEST_PIXELS), LARGEST_PIXELS)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        # Without one of its own a browser asks for an icon.
        Html('<link rel="icon" href="data:,"/>'),
        # The terminal measures its font once, when it begins: it has to be there by then.
        Html(f'<link rel="preload" href="{FONT}" as="font" type="font/ttf" crossorigin="anonymous"/>'),
        Html(f'<link rel="stylesheet" href="{TERMINAL_STYLE}"/>'),
        element("style", Html(STYLE)),
        element("script", src=SCRIPT),
        element("script", src=OWN_SCRIPT, defer="defer"),
    )
    body = element(
        "body",
        element("div", "The console opens…", class_="message begin", role="status"),
        element(
            "div",
            element("div", "This console has ended. The engine and its jobs keep running."),
            element("a", "Open it again", href=""),
            class_="message end",
        ),
        element(
            "div",
            id="terminal",
            class_="textual-terminal",
            data_session_websocket_url=socket,
            data_font_size=size,
        ),
    )
    return join([Html("<!doctype html>\n"), element("html", head, body, lang="en"), Html("\n")])
