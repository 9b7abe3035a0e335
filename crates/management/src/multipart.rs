//! `multipart/form-data`, RFC 7578, as far as an upload needs it: whole, in memory, bounded.

/// Most parts of a body.
const MAX_PARTS: usize = 32;

/// Most header lines of a part, and the longest of them in bytes.
const MAX_HEADER_BYTES: usize = 4_096;

/// A part of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// The name of the field.
    pub(crate) name: &'a str,
    /// What it holds.
    pub(crate) content: &'a [u8],
}

/// The parts of a body with this `Content-Type`; `None` if it is none of the kind, or is malformed.
pub(crate) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    // RFC 2046 §5.1.1.
    if boundary.is_empty() || 70 < boundary.len() {
        return None;
    }
    let delimiter = format!("--{boundary}");
    let mut rest = after(body, delimiter.as_bytes())?;
    let between = format!("\r\n{delimiter}");
    let mut found = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(found);
        }
        if MAX_PARTS <= found.len() {
            return None;
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let end = position(part, between.as_bytes())?;
        found.push(read(part.get(..end)?)?);
        rest = part.get(end + between.len()..)?;
    }
}

fn read(part: &[u8]) -> Option<Part<'_>> {
    let end = position(part, b"\r\n\r\n")?;
    if MAX_HEADER_BYTES < end {
        return None;
    }
    let headers = std::str::from_utf8(part.get(..end)?).ok()?;
    let disposition = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    let (kind, parameters) = disposition.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    Some(Part {
        name: parameter(parameters, "name")?,
        content: part.get(end + 4..)?,
    })
}

/// The value of a parameter, with or without quotation marks.
fn parameter<'a>(parameters: &'a str, wanted: &str) -> Option<&'a str> {
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim();
        let unquoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then_some(unquoted.unwrap_or(value))
    })
}

fn after<'a>(bytes: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let at = position(bytes, wanted)?;
    bytes.get(at + wanted.len()..)
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"x y\"";

    #[test]
    fn fields_and_files_are_read_as_they_are() {
        let body =
            b"preamble\r\n--x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n\
            --x y\r\ncontent-disposition: form-data; name=users; filename=\"u.json\"\r\n\
            Content-Type: application/json\r\n\r\n[1,\r\n2]\r\n--x y--\r\n";
        let read = parts(TYPE, body).unwrap();
        let expected = [
            Part {
                name: "a",
                content: b"one",
            },
            Part {
                name: "users",
                content: b"[1,\r\n2]",
            },
        ];
        assert_eq!(read, expected);
        assert_eq!(
            parts("multipart/form-data; boundary=x", b"--x--").unwrap(),
            []
        );
    }

    #[test]
    fn what_is_cut_off_or_of_another_kind_is_none() {
        let whole = b"--x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--x y--";
        assert!(parts(TYPE, whole).is_some());
        for length in 0..whole.len() - 2 {
            assert_eq!(parts(TYPE, &whole[..length]), None, "{length}");
        }
        for kind in [
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
        ] {
            assert_eq!(parts(kind, whole), None, "{kind}");
        }
        let nameless = b"--x y\r\nContent-Disposition: form-data\r\n\r\none\r\n--x y--";
        assert_eq!(parts(TYPE, nameless), None);
    }

    #[test]
    fn there_is_an_end_to_the_parts() {
        let part = "\r\n--x y\r\nContent-Disposition: form-data; name=a\r\n\r\n";
        let body = format!("{}\r\n--x y--", part.repeat(MAX_PARTS));
        assert_eq!(parts(TYPE, body.as_bytes()).unwrap().len(), MAX_PARTS);
        let body = format!("{}\r\n--x y--", part.repeat(MAX_PARTS + 1));
        assert_eq!(parts(TYPE, body.as_bytes()), None);
    }
}
