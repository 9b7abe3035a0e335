//! Query parameters: paging, choice of fields, filters.

use std::borrow::Cow;

use grantor_protocol::env::Timestamp;

use crate::{failure::Failure, schema::parse};

/// Most parameters of a query.
const MAX_PARAMETERS: usize = 200;

/// The parameters of a query, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string.
    pub(crate) fn read(query: Option<&str>) -> Result<Self, Failure> {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let pairs: Vec<_> = pairs
            .take(MAX_PARAMETERS + 1)
            .map(|(name, value)| (name.trim_end_matches("[]").to_owned(), value.into_owned()))
            .collect();
        let has_nul = pairs
            .iter()
            .any(|(name, value)| name.contains('\0') || value.contains('\0'));
        if has_nul || MAX_PARAMETERS < pairs.len() {
            return Err(Failure::query("Invalid query string"));
        }
        Ok(Self(pairs))
    }

    /// The value of `name`; the last one counts if there are several.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of `name`.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of `name`, which must be what `notation` describes.
    pub(crate) fn checked(&self, name: &str, notation: &str) -> Result<Option<&str>, Failure> {
        let Some(text) = self.find(name) else {
            return Ok(None);
        };
        let schema = parse(notation);
        match schema.check(&schema.coerce(text)) {
            Ok(()) => Ok(Some(text)),
            Err(problem) => Err(Failure::query(problem.inside(name).sentence("Query"))),
        }
    }

    /// The number `name`, within `notation`.
    pub(crate) fn number(&self, name: &str, notation: &str) -> Result<Option<i64>, Failure> {
        Ok(self
            .checked(name, notation)?
            .and_then(|text| text.parse().ok()))
    }

    /// Whether `name` is `true`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.checked(name, "bool")? == Some("true"))
    }

    /// All of it as JSON, for the log.
    pub(crate) fn as_json(&self) -> serde_json::Value {
        let pairs = self.0.iter();
        pairs
            .map(|(name, value)| (name.clone(), serde_json::Value::from(value.as_str())))
            .collect()
    }

    /// The query with `name` set to `value`.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let others = self.0.iter().filter(|(key, _)| key != name);
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair(name, value)
            .finish()
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// `page`, `per_page`, `include_totals`.
    Offset {
        page: i64,
        per_page: i64,
        totals: bool,
    },
    /// `from`, `take`.
    Checkpoint { from: Option<String>, take: i64 },
}

impl Paging {
    /// Reads the paging; `checkpoint` says whether the list knows `from` and `take`, which win.
    pub(crate) fn read(query: &Query, checkpoint: bool) -> Result<Self, Failure> {
        let take = query.number("take", "int 1..100")?;
        let from = query.find("from");
        if checkpoint && (take.is_some() || from.is_some()) {
            return Ok(Self::Checkpoint {
                from: from.filter(|from| !from.is_empty()).map(str::to_owned),
                take: take.unwrap_or(50),
            });
        }
        let (page, per_page, totals) = Self::offset(query)?;
        Ok(Self::Offset {
            page,
            per_page,
            totals,
        })
    }

    /// Reads `page`, `per_page` and `include_totals`, for lists that know nothing else.
    pub(crate) fn offset(query: &Query) -> Result<(i64, i64, bool), Failure> {
        let page = query.number("page", "int 0..1000000")?.unwrap_or(0);
        // `per_page=0` is sent by clients that only want the total.
        let per_page = query.number("per_page", "int 0..100")?.unwrap_or(50);
        Ok((page, per_page, query.flag("include_totals")?))
    }
}

/// `fields` and `include_fields`.
#[derive(Clone, Debug)]
pub(crate) enum Selected {
    /// Everything.
    All,
    /// These alone.
    Only(Vec<String>),
    /// Everything but these.
    Without(Vec<String>),
}

impl Selected {
    /// Reads the choice; only `known` names may be chosen.
    pub(crate) fn read(query: &Query, known: &[&str]) -> Result<Self, Failure> {
        let Some(fields) = query.find("fields").filter(|fields| !fields.is_empty()) else {
            return Ok(Self::All);
        };
        let names: Vec<String> = fields
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect();
        if names.iter().any(|name| !known.contains(&name.as_str())) {
            return Err(Failure::query(format!(
                "Query validation error: 'String '{fields}' does not match pattern. Must be a \
                 comma separated list of the following values: {}' on property fields.",
                known.join(",")
            )));
        }
        match query.checked("include_fields", "bool")? {
            Some("false") => Ok(Self::Without(names)),
            _ => Ok(Self::Only(names)),
        }
    }

    /// Whether `name` is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|wanted| wanted == name),
            Self::Without(names) => !names.iter().any(|unwanted| unwanted == name),
        }
    }

    /// The names that were asked for.
    pub(crate) fn named(&self) -> &[String] {
        match self {
            Self::Only(names) => names,
            _ => &[],
        }
    }
}

/// Where a list goes on: after the entry with this time and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) created_at: Timestamp,
    pub(crate) id: String,
}

impl Cursor {
    /// The opaque text.
    pub(crate) fn write(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!(
            "{},{}",
            self.created_at.millis(),
            self.id
        ))
    }

    /// Reads what [`Cursor::write`] wrote.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        use base64::Engine as _;
        let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(text)
            .ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let parts = decoded.as_deref().and_then(|text| text.split_once(','));
        let cursor = parts.and_then(|(at, id)| {
            Some(Self {
                created_at: Timestamp::from_millis(at.parse().ok()?),
                id: id.to_owned(),
            })
        });
        cursor.ok_or_else(|| Failure::query("Invalid pagination cursor"))
    }
}

/// Undoes percent-encoding once; text that is not UTF-8 afterwards stays as it is.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(query: &str, checkpoint: bool) -> Result<Paging, Failure> {
        Paging::read(&Query::read(Some(query))?, checkpoint)
    }

    #[test]
    fn take_and_from_win_over_pages_where_a_list_knows_them() {
        let both = "page=2&per_page=50&take=100&include_totals=true";
        assert_eq!(
            paging(both, true).unwrap(),
            Paging::Checkpoint {
                from: None,
                take: 100
            }
        );
        assert_eq!(
            paging(both, false).unwrap(),
            Paging::Offset {
                page: 2,
                per_page: 50,
                totals: true
            }
        );
    }

    #[test]
    fn pages_past_their_bounds_are_refused_by_name() {
        for (query, told) in [
            (
                "per_page=101",
                "'Value 101 is greater than maximum 100' on property per_page.",
            ),
            (
                "page=-1",
                "'Value -1 is less than minimum 0' on property page.",
            ),
            (
                "page=x",
                "'Expected type integer but found type string' on property page.",
            ),
            (
                "include_totals=1",
                "'Expected type boolean but found type string' on property include_totals.",
            ),
        ] {
            let failure = paging(query, false).unwrap_err();
            assert_eq!(failure.message, format!("Query validation error: {told}"));
            assert_eq!(failure.code, Some("invalid_query_string"));
        }
    }

    #[test]
    fn a_cursor_is_read_back_and_a_foreign_one_is_refused() {
        let cursor = Cursor {
            created_at: Timestamp::from_millis(1_700_000_000_123),
            id: "a,b|c".to_owned(),
        };
        assert_eq!(Cursor::read(&cursor.write()).unwrap(), cursor);
        for bad in ["", "x", "Fe26.2*", "MSwy="] {
            assert_eq!(
                Cursor::read(bad).unwrap_err().message,
                "Invalid pagination cursor"
            );
        }
    }
}
