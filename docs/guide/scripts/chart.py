"""A chart of lines and marks as SVG, without any package. The figures of the guide are drawn with it."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 300, 56, 16, 16, 44
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"]  # of Okabe and Ito


class Chart:
    """Axes from `low` to `high`; `ticks` are the numbers that are written."""

    def __init__(self, x, y, x_ticks, y_ticks, x_title, y_title):
        self.x_range, self.y_range = x, y
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="#fff"/>',
            f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#333"/>',
        ]
        for tick in x_ticks:
            self.text(self.x(tick), bottom + 16, f"{tick:g}", "middle")
            self.parts.append(f'<path d="M{self.x(tick):.1f} {bottom}v4" stroke="#333"/>')
        for tick in y_ticks:
            self.text(LEFT - 7, self.y(tick) + 4, f"{tick:g}", "end")
            self.parts.append(f'<path d="M{LEFT} {self.y(tick):.1f}h-4" stroke="#333"/>')
        self.text((LEFT + right) / 2, HEIGHT - 8, x_title, "middle")
        middle = (TOP + bottom) / 2
        self.parts.append(
            f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle" fill="#333">{y_title}</text>'
        )

    def x(self, value):
        low, high = self.x_range
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low)

    def y(self, value):
        low, high = self.y_range
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)

    def text(self, x, y, words, anchor="start", colour="#333"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>')

    def line(self, points, colour, dash=""):
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"{dashes}/>')

    def dots(self, points, colour, radius=3.0):
        centres = "".join(f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius}"/>' for x, y in points)
        self.parts.append(f'<g fill="{colour}">{centres}</g>')

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join([*self.parts, "</svg>\n"]))
