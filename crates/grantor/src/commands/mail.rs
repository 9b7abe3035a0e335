//! `grantor mail`.

use anyhow::bail;
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use grantor_server::{
    outbound::mail::{self, Draft, MailKind, Occasion},
    pages::Language,
};
use serde_json::{Map, Value, json};

use crate::{options::Options, output, session::Session};

/// What to do with mails.
#[derive(Debug, Subcommand)]
pub(crate) enum Mail {
    /// Print what a mail would say, with a made-up user
    Preview(Sample),
    /// Send such a mail; the running server does it
    Test(Sample),
}

/// Which mail.
#[derive(Debug, Args)]
pub(crate) struct Sample {
    /// The name of the template
    #[arg(value_parser = templates())]
    template: String,
    /// The language of the server's own words
    #[arg(long, default_value = "en", value_parser = languages())]
    language: String,
    /// The recipient
    #[arg(long, value_name = "ADDRESS", default_value = "ada@example.com")]
    to: String,
    /// The client id of the application that the user came from [default: none]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Print the HTML instead of the plain text
    #[arg(long)]
    html: bool,
}

fn templates() -> PossibleValuesParser {
    MailKind::ALL.map(MailKind::template).into()
}

fn languages() -> PossibleValuesParser {
    Language::ALL.map(Language::tag).into()
}

impl Mail {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let session = Session::open(options).await?;
        let mail = mail::Mail::new(session.store.clone(), session.env.clone());
        match self {
            Self::Preview(sample) => {
                let draft = sample.draft(&session, &mail).await?;
                sample.print(&draft, options.json);
                Ok(())
            }
            Self::Test(sample) => {
                let draft = sample.draft(&session, &mail).await?;
                let tenant = &session.site.tenant;
                let sealed = mail.seal(tenant, &draft.letter)?;
                let mut batch = session.store.batch();
                batch.queue_mail(&sealed);
                session.store.commit(batch).await?;
                output::line(format!("A mail to {} is queued.", sample.to));
                Ok(())
            }
        }
    }
}

impl Sample {
    async fn draft(&self, session: &Session, mail: &mail::Mail) -> anyhow::Result<Draft> {
        let (Some(kind), Some(language)) = (
            MailKind::named(&self.template),
            Language::of(&self.language),
        ) else {
            bail!("there is no such mail");
        };
        let site = &session.site;
        let client = match &self.client_id {
            None => None,
            Some(id) => match session.store.typed(&site.tenant, id).await? {
                None => bail!("there is no application {id}"),
                found => found,
            },
        };
        let url = site.issuer.url("sample?ticket=sample");
        let user = user(&self.to);
        let occasion = Occasion {
            kind,
            to: &self.to,
            language,
            host: host_of(site.issuer.as_str()),
            client: client.as_deref().map(|client| &*client.value),
            connection: Some("Username-Password-Authentication"),
            user: &user,
            url: kind.has_link().then_some(url.as_str()),
            code: kind.has_code().then_some("271828"),
            more: more(),
        };
        let draft = mail.draft(&site.tenant, &occasion).await?;
        if let Some(problem) = &draft.problem {
            output::note(format!("The template cannot be used: {problem}."));
        }
        Ok(draft)
    }

    fn print(&self, draft: &Draft, as_json: bool) {
        let letter = &draft.letter;
        if as_json {
            output::json(&json!({
                "template": letter.template,
                "from": letter.from,
                "to": letter.to,
                "subject": letter.subject,
                "text": letter.text,
                "html": letter.html,
                "problem": draft.problem,
            }));
        } else if self.html {
            output::line(&letter.html);
        } else {
            output::line(output::styled(output::STRONG, &letter.subject));
            output::line(format!("\n{}", letter.text.trim_end()));
        }
    }
}

fn user(address: &str) -> Value {
    json!({
        "user_id": "auth0|5f7c8ec7c33c6c004bbafe82",
        "email": address,
        "name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "nickname": "ada",
        "user_metadata": {},
        "app_metadata": {},
    })
}

fn more() -> Map<String, Value> {
    Map::from_iter([
        ("inviter".to_owned(), json!({"name": "Charles Babbage"})),
        (
            "organization".to_owned(),
            json!({"name": "engines", "display_name": "Analytical Engines"}),
        ),
    ])
}

/// The host of an issuer.
fn host_of(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
