//! `grantor apply`: makes APIs, applications and client grants as a file says.
//!
//! Shows the plan first. Things are found by what names them (an API by identifier, an application by name, a grant by
//! both); what the file does not mention is left alone, so applying twice changes nothing.

use std::{
    collections::HashMap,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::{
    options::Options,
    output,
    session::{Session, path_segment},
};

/// How many writes are under way at once; the store commits them together.
const CONCURRENCY: usize = 64;

/// Make APIs, applications and client grants as a file says.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The file: TOML, JSON or YAML, by its extension
    file: PathBuf,
    /// Show the plan and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask on a terminal
    #[arg(long)]
    yes: bool,
}

/// What the file says. Members of an entry are those of the Management API.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    apis: Vec<Map<String, Value>>,
    apps: Vec<Map<String, Value>>,
    client_grants: Vec<Map<String, Value>>,
}

/// One write.
#[derive(Clone, Debug)]
struct Step {
    method: &'static str,
    path: String,
    body: Map<String, Value>,
    what: String,
    changes: Vec<String>,
}

impl Apply {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let wanted = read(&self.file)?;
        let session = Arc::new(Session::open(options).await?);
        let apis = plan_apis(&session, &wanted.apis).await?;
        let applications = plan_apps(&session, &wanted.apps).await?;
        let (grants, unnamed) = plan_grants(&session, &wanted.client_grants, &applications).await?;
        show(&[&apis, &applications, &grants], options);
        let total = apis.len() + applications.len() + grants.len();
        if total == 0 || self.dry_run || !self.agreed()? {
            return Ok(());
        }
        run(&session, apis).await?;
        run(&session, applications).await?;
        let grants = if unnamed {
            plan_grants(&session, &wanted.client_grants, &[]).await?.0
        } else {
            grants
        };
        run(&session, grants).await?;
        if !options.json {
            output::line(output::styled(
                output::GOOD,
                format!("{total} changes applied."),
            ));
        }
        Ok(())
    }

    /// On a terminal, asks.
    fn agreed(&self) -> anyhow::Result<bool> {
        if self.yes || !std::io::stdin().is_terminal() {
            return Ok(true);
        }
        write!(anstream::stderr(), "Apply? [y/N] ").context("the terminal cannot be written")?;
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .context("the terminal cannot be read")?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

fn read(path: &Path) -> anyhow::Result<Wanted> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let wrong = || format!("{} is not what `grantor apply` reads", path.display());
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("toml") => toml::from_str(&text).with_context(wrong),
        Some("json") => serde_json::from_str(&text).with_context(wrong),
        Some("yaml" | "yml") => serde_yaml_ng::from_str(&text).with_context(wrong),
        _ => bail!(
            "{}: the extension must be .toml, .json, .yaml or .yml",
            path.display()
        ),
    }
}

fn named<'a>(entry: &'a Map<String, Value>, name: &str, list: &str) -> anyhow::Result<&'a str> {
    let found = entry.get(name).and_then(Value::as_str);
    found.with_context(|| format!("an entry of `{list}` has no `{name}`"))
}

/// Scopes may be written as plain texts.
fn with_full_scopes(entry: &Map<String, Value>) -> Map<String, Value> {
    let mut entry = entry.clone();
    if let Some(Value::Array(scopes)) = entry.get_mut("scopes") {
        for scope in scopes {
            if let Value::String(text) = scope {
                *scope = super::api::scope_entry(text);
            }
        }
    }
    entry
}

async fn plan_apis(session: &Session, wanted: &[Map<String, Value>]) -> anyhow::Result<Vec<Step>> {
    let existing = by(session.list("/resource-servers", "").await?, "identifier");
    let mut steps = Vec::new();
    for entry in wanted {
        let identifier = named(entry, "identifier", "apis")?;
        let (what, entry) = (format!("api {identifier}"), with_full_scopes(entry));
        let fixed = ["identifier", "signing_secret"];
        steps.extend(step(
            "/resource-servers",
            "id",
            &entry,
            existing.get(identifier),
            &fixed,
            what,
        ));
    }
    Ok(steps)
}

async fn plan_apps(session: &Session, wanted: &[Map<String, Value>]) -> anyhow::Result<Vec<Step>> {
    let existing = by(session.list("/clients", "is_global=false").await?, "name");
    let mut steps = Vec::new();
    for entry in wanted {
        let name = named(entry, "name", "apps")?;
        steps.extend(step(
            "/clients",
            "client_id",
            entry,
            existing.get(name),
            &[],
            format!("app {name}"),
        ));
    }
    Ok(steps)
}

/// Plans the grants. A grant may name its application (`app`), which may have no client id yet; then the second result
/// is true and the plan is made again once it has.
async fn plan_grants(
    session: &Session,
    wanted: &[Map<String, Value>],
    planned_apps: &[Step],
) -> anyhow::Result<(Vec<Step>, bool)> {
    let clients = by(session.list("/clients", "is_global=false").await?, "name");
    let existing: HashMap<(String, String), Value> = session
        .list("/client-grants", "")
        .await?
        .into_iter()
        .filter_map(|grant| {
            Some((
                (text(&grant, "client_id")?, text(&grant, "audience")?),
                grant,
            ))
        })
        .collect();
    let (mut steps, mut unnamed) = (Vec::new(), false);
    for entry in wanted {
        let mut entry = entry.clone();
        let audience = named(&entry, "audience", "client_grants")?.to_owned();
        let label = match entry.remove("app") {
            None => named(&entry, "client_id", "client_grants")?.to_owned(),
            Some(app) => {
                let app = app
                    .as_str()
                    .context("`app` of a client grant must be an application's name")?
                    .to_owned();
                match clients
                    .get(&app)
                    .and_then(|client| text(client, "client_id"))
                {
                    Some(client_id) => entry.insert("client_id".to_owned(), client_id.into()),
                    None if planned_apps
                        .iter()
                        .any(|step| step.what == format!("app {app}")) =>
                    {
                        unnamed = true;
                        None
                    }
                    None => bail!(
                        "a client grant names the app `{app}`, which does not exist and is not in the file"
                    ),
                };
                app
            }
        };
        let key = (
            text(&Value::Object(entry.clone()), "client_id").unwrap_or_default(),
            audience.clone(),
        );
        let what = format!("client grant {label} → {audience}");
        steps.extend(step(
            "/client-grants",
            "id",
            &entry,
            existing.get(&key),
            &["client_id", "audience", "subject_type"],
            what,
        ));
    }
    Ok((steps, unnamed))
}

/// The write that makes `existing` as `wanted`, if one is needed. Members in `fixed` cannot be changed later.
fn step(
    path: &str,
    id: &str,
    wanted: &Map<String, Value>,
    existing: Option<&Value>,
    fixed: &[&str],
    what: String,
) -> Option<Step> {
    let Some(existing) = existing else {
        return Some(Step {
            method: "POST",
            path: path.to_owned(),
            body: wanted.clone(),
            what,
            changes: Vec::new(),
        });
    };
    let differs = |name: &str, value: &Value| {
        !fixed.contains(&name) && !covers(existing.get(name).unwrap_or(&Value::Null), value)
    };
    let body: Map<String, Value> = wanted
        .iter()
        .filter(|(name, value)| differs(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if body.is_empty() {
        return None;
    }
    let changes = body.keys().cloned().collect();
    let path = format!("{path}/{}", path_segment(existing.get(id)?.as_str()?));
    Some(Step {
        method: "PATCH",
        path,
        body,
        what,
        changes,
    })
}

/// Whether `present` says everything that `wanted` says; objects may say more.
fn covers(present: &Value, wanted: &Value) -> bool {
    match (present, wanted) {
        (Value::Object(present), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| covers(present.get(name).unwrap_or(&Value::Null), value)),
        (Value::Array(present), Value::Array(wanted)) => {
            present.len() == wanted.len()
                && present
                    .iter()
                    .zip(wanted)
                    .all(|(present, wanted)| covers(present, wanted))
        }
        _ => present == wanted,
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn by(rows: Vec<Value>, name: &str) -> HashMap<String, Value> {
    rows.into_iter()
        .filter_map(|row| Some((text(&row, name)?, row)))
        .collect()
}

/// Longest plan that is shown line by line.
const SHOWN_STEPS: usize = 200;

fn show(plan: &[&Vec<Step>], options: &Options) {
    let steps: Vec<&Step> = plan.iter().flat_map(|steps| steps.iter()).collect();
    if options.json {
        let rows = steps.iter().map(|step| {
            json!({"action": if step.method == "POST" { "create" } else { "update" }, "what": step.what, "changes": step.changes})
        });
        return output::json(&Value::Array(rows.collect()));
    }
    if steps.is_empty() {
        return output::line("Nothing to change.");
    }
    for step in steps.iter().take(SHOWN_STEPS) {
        if step.method == "POST" {
            output::line(format!(
                "{} {}",
                output::styled(output::GOOD, "+"),
                step.what
            ));
        } else {
            let changes = output::styled(output::FAINT, step.changes.join(", "));
            output::line(format!(
                "{} {}  {changes}",
                output::styled(output::CHANGED, "~"),
                step.what
            ));
        }
    }
    if steps.len() > SHOWN_STEPS {
        output::line(format!("… and {} more", steps.len() - SHOWN_STEPS));
    }
    let made = steps.iter().filter(|step| step.method == "POST").count();
    output::line(format!(
        "{made} to create, {} to change.",
        steps.len() - made
    ));
}

async fn run(session: &Arc<Session>, steps: Vec<Step>) -> anyhow::Result<()> {
    let mut running = JoinSet::new();
    for step in steps {
        if running.len() == CONCURRENCY
            && let Some(finished) = running.join_next().await
        {
            finished.context("a write was interrupted")??;
        }
        let session = Arc::clone(session);
        running.spawn(async move {
            let body = Value::Object(step.body);
            session
                .call(step.method, &step.path, None, Some(&body))
                .await
                .with_context(|| step.what.clone())
        });
    }
    while let Some(finished) = running.join_next().await {
        finished.context("a write was interrupted")??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_wanted_needs_no_step() {
        let existing = json!({"id": "1", "identifier": "a", "scopes": [{"value": "x", "description": "X"}], "token_lifetime": 5});
        let wanted = |value: Value| value.as_object().unwrap().clone();
        let plan = |value| {
            step(
                "/resource-servers",
                "id",
                &wanted(value),
                Some(&existing),
                &["identifier"],
                "api a".into(),
            )
        };
        assert!(plan(json!({"identifier": "a", "scopes": [{"value": "x"}]})).is_none());
        let change = plan(json!({"identifier": "a", "token_lifetime": 6})).unwrap();
        assert_eq!(
            (change.method, change.path.as_str()),
            ("PATCH", "/resource-servers/1")
        );
        assert_eq!(Value::Object(change.body), json!({"token_lifetime": 6}));
        assert!(plan(json!({"scopes": []})).is_some());
    }

    #[test]
    fn toml_json_and_yaml_say_the_same() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("a.toml", "[[apis]]\nidentifier = \"x\"\nscopes = [\"a\"]"),
            (
                "a.json",
                r#"{"apis": [{"identifier": "x", "scopes": ["a"]}]}"#,
            ),
            ("a.yaml", "apis:\n  - identifier: x\n    scopes: [a]"),
        ] {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            let wanted = read(&path).unwrap();
            assert_eq!(
                with_full_scopes(&wanted.apis[0]).get("scopes"),
                Some(&json!([{"value": "a"}])),
                "{name}"
            );
        }
        let path = directory.path().join("b.yaml");
        std::fs::write(&path, "apis: []\nclientz: []").unwrap();
        assert!(read(&path).is_err());
    }
}
