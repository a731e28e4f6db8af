//! Lines and zones as typed on the command line: `door=0.1,0.5,0.9,0.5`.

use crate::domain::{Line, Point, Zone, check_shapes};

/// # Errors
/// When `text` is not `NAME=x1,y1,x2,y2` with numbers 0..1 and two different ends; says what is wrong.
pub(super) fn parse_line(text: &str) -> Result<Line, String> {
    let (name, points) = parse_points(text)?;
    let [from, to] = points[..] else {
        return Err(format!("line {text:?} has {} points, needs 2: NAME=x1,y1,x2,y2", points.len()));
    };
    let line = Line { name: name.into(), from, to, entrance: false };
    check_shapes(std::slice::from_ref(&line), &[]).map_err(|error| error.reason)?;
    Ok(line)
}

/// # Errors
/// When `text` is not `NAME=x,y,x,y,x,y…` with three corners or more of numbers 0..1 around an area; says what is
/// wrong.
pub(super) fn parse_zone(text: &str) -> Result<Zone, String> {
    let (name, corners) = parse_points(text)?;
    let zone = Zone::new(name, corners);
    check_shapes(&[], std::slice::from_ref(&zone)).map_err(|error| error.reason)?;
    Ok(zone)
}

fn parse_points(text: &str) -> Result<(&str, Vec<Point>), String> {
    let (name, numbers) =
        text.split_once('=').ok_or_else(|| format!("{text:?} has no `=`: NAME=x,y,x,y…"))?;
    let numbers = numbers.split(',').map(parse_number).collect::<Result<Vec<_>, _>>()?;
    if numbers.len() % 2 != 0 {
        return Err(format!("{text:?} has an odd number of coordinates"));
    }
    Ok((name, numbers.chunks_exact(2).map(|xy| Point { x: xy[0], y: xy[1] }).collect()))
}

fn parse_number(text: &str) -> Result<f32, String> {
    text.trim().parse().map_err(|_| format!("{text:?} is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_zones_are_read() {
        let line = parse_line("door=0.1,0.5,0.9,0.5").unwrap();
        assert_eq!(&*line.name, "door");
        assert_eq!(line.to, Point { x: 0.9, y: 0.5 });
        assert_eq!(parse_zone("bar=0,0, 1,0, 1,1").unwrap().corners.len(), 3);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, reason) in [
            ("door", "no `=`"),
            ("=0,0,1,1", "the name \"\" must have"),
            ("door=0,0,1", "odd"),
            ("door=0,0,1,x", "\"x\" is not a number"),
            ("door=0,0,480,1", "outside 0..1"),
            ("door=0,0,0,0", "same point"),
            ("door=0,0,1,1,1,0", "has 3 points"),
        ] {
            let error = parse_line(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(parse_zone("bar=0,0,1,1").unwrap_err().contains("needs 3"));
        assert!(parse_zone("bar=0,0,1,1,1,0,0,1").unwrap_err().contains("crosses itself"));
    }
}
