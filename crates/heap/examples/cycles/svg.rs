//! As much of SVG as the pictures need.
use std::fmt::Write;

/// A picture in the making. Lengths are in pixels, from the upper left corner.
pub struct Svg(String);

/// Where a text stands relative to its point.
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// A white picture.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n<title>{title}</title>\n"
        ));
        svg.rect([0.0, 0.0, width, height], "white", 1.0);
        svg
    }

    /// A filled rectangle: left, top, width, height.
    pub fn rect(&mut self, [x, y, width, height]: [f64; 4], fill: &str, opacity: f64) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            self.0,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/>"
        );
    }

    /// A line through points; `style` is further attributes.
    pub fn line(&mut self, points: &[(f64, f64)], stroke: &str, style: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        let _ = writeln!(
            self.0,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{stroke}\" {style}/>"
        );
    }

    /// A filled shape.
    pub fn area(&mut self, points: &[(f64, f64)], fill: &str, opacity: f64) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        let _ = writeln!(
            self.0,
            "<polygon points=\"{points}\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/>"
        );
    }

    /// A line of text on the base line `y`; `style` is further attributes.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, style: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{text}</text>"
        );
    }

    /// The picture as text.
    pub fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}
