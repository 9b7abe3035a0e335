//! The plain text of a mail, for readers that show no HTML.

/// Elements after which a line ends.
const BLOCKS: [&str; 12] = [
    "br", "p", "div", "tr", "table", "h1", "h2", "h3", "h4", "li", "ul", "hr",
];

/// Elements whose content is not text.
const SILENT: [&str; 4] = ["head", "style", "script", "title"];

/// References that are read.
const REFERENCES: [(&str, &str); 7] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("#39", "'"),
    ("nbsp", " "),
    ("middot", "·"),
];

/// The text of `html`: no tags, a line per block, and behind the text of a link where it leads.
pub(super) fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    let mut target: Option<String> = None;
    while let Some((before, after)) = rest.split_once('<') {
        append(&mut text, before);
        let Some((tag, after)) = after.split_once('>') else {
            rest = "";
            break;
        };
        rest = after;
        let name = tag.trim_start_matches('/');
        let name = name.split(|end: char| !end.is_ascii_alphanumeric()).next();
        let name = name.unwrap_or_default().to_ascii_lowercase();
        let closes = tag.starts_with('/');
        if SILENT.contains(&name.as_str()) && !closes {
            let mut closings = rest.match_indices("</").map(|(at, _)| at);
            let end = closings.find(|at| closes_element(rest, *at, &name));
            rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
        } else if BLOCKS.contains(&name.as_str()) {
            text.push('\n');
        } else if name == "a" {
            if closes {
                if let Some(target) = target.take() {
                    text.push_str(": ");
                    text.push_str(&target);
                }
            } else {
                target = attribute(tag, "href").filter(|target| target.starts_with("http"));
            }
        }
    }
    append(&mut text, rest);
    tidy(&text)
}

/// Whether the tag at `at` ends the element `name`.
fn closes_element(html: &str, at: usize, name: &str) -> bool {
    let found = html.get(at + 2..at + 2 + name.len());
    found.is_some_and(|found| found.eq_ignore_ascii_case(name))
}

/// Adds what stands between two tags; white space is one space.
fn append(text: &mut String, piece: &str) {
    let words: Vec<&str> = piece.split_ascii_whitespace().collect();
    if piece.starts_with(|first: char| first.is_ascii_whitespace()) {
        text.push(' ');
    }
    text.push_str(&unescape(&words.join(" ")));
    if !words.is_empty() && piece.ends_with(|last: char| last.is_ascii_whitespace()) {
        text.push(' ');
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!("{name}=\""))?;
    Some(unescape(after.split('"').next()?))
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let known = REFERENCES.iter().find_map(|(name, stands_for)| {
            let after = after.strip_prefix(name)?.strip_prefix(';')?;
            Some((*stands_for, after))
        });
        let (stands_for, after) = known.unwrap_or(("&", after));
        plain.push_str(stands_for);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// Without spaces at the ends of lines and with one empty line at most between two.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        let is_first = lines.last().is_none_or(|last| last.is_empty());
        if !(line.is_empty() && is_first) {
            lines.push(line);
        }
    }
    let mut tidy = lines.join("\n").trim_end().to_owned();
    tidy.push('\n');
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_links_say_where_they_lead() {
        let html = "<html><head><title>T</title><style>p{a:b}</style></head><body>\n<h1>Hi &amp; welcome</h1>\n\
            <p>Please   confirm\nit.</p><p><a class=\"b\" href=\"https://a.test/?x=1&amp;y=2\">Confirm</a></p>\
            <br><br><p>&lt;3 <a href=\"mailto:x@y.test\">x@y.test</a></p></body></html>";
        let expected = "Hi & welcome\n\nPlease confirm it.\n\nConfirm: https://a.test/?x=1&y=2\n\n\
            <3 x@y.test\n";
        assert_eq!(text_of(html), expected);
    }

    #[test]
    fn html_that_is_broken_has_a_text_too() {
        for (html, expected) in [
            ("a <b", "a\n"),
            ("", "\n"),
            ("<style>x", "\n"),
            ("a & b &nope; <>c", "a & b &nope; c\n"),
            ("<p>é</P><A HREF=\"x\">y</A>", "é\ny\n"),
        ] {
            assert_eq!(text_of(html), expected, "{html}");
        }
    }
}
