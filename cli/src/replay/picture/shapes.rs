//! The few shapes that a picture consists of.

use svg::node::element::{Line, Rectangle, Text, Title};

pub(super) fn rectangle(class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) -> Rectangle {
    let shape = Rectangle::new().set("x", x).set("y", y).set("width", width).set("height", height);
    if class.is_empty() { shape } else { shape.set("class", class) }
}

/// A shape that says what it is when it is pointed at.
pub(super) fn told(shape: Rectangle, what: &str) -> Rectangle {
    shape.add(Title::new(what))
}

pub(super) fn line(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> Line {
    Line::new().set("class", class).set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2)
}

pub(super) fn text((x, y): (f64, f64), what: &str) -> Text {
    Text::new(what).set("x", x).set("y", y)
}
