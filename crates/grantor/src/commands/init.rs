//! `grantor init`.

use std::fmt::Write as _;

use anyhow::{Context, bail};
use clap::Args;
use grantor_server::config;

use crate::{options::Options, output, session::Session};

/// Make a data directory.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Replace a configuration file that is there already
    #[arg(long)]
    force: bool,
}

impl Init {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        options.make_data_dir()?;
        let file = options.data_dir.join("grantor.toml");
        if file.exists() && !self.force {
            bail!(
                "{} is there already; edit it, or replace it with --force",
                file.display()
            );
        }
        std::fs::write(&file, template())
            .with_context(|| format!("{} cannot be written", file.display()))?;
        Session::open(options).await?;
        let dir = options.data_dir.display();
        output::line(output::styled(output::GOOD, format!("{dir} is ready.")));
        output::line(format!(
            "  {}  settings, all with their defaults",
            file.display()
        ));
        output::line(format!(
            "  {dir}/management-client.json  an application that may manage everything"
        ));
        output::line(format!(
            "Start the server with: grantor serve --data-dir {dir}"
        ));
        Ok(())
    }
}

/// Every setting, commented out, with its help.
fn template() -> String {
    let mut text = "# Grantor's settings. Environment variables lie over this file: server.listen is\n# GRANTOR_SERVER_LISTEN. A key that does not exist stops the start.\n".to_owned();
    let mut section = "";
    for setting in config::ALL {
        let (own_section, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if own_section != section {
            section = own_section;
            let _ = write!(text, "\n[{section}]\n");
        }
        // Writing to a text does not fail.
        let _ = write!(text, "# {}\n# {key} =\n", setting.help);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_template_loads_and_sets_nothing() {
        let parsed: toml::Table = toml::from_str(&super::template()).unwrap();
        assert!(
            parsed
                .values()
                .all(|section| section.as_table().unwrap().is_empty())
        );
        assert!(parsed.contains_key("server") && parsed.contains_key("keys"));
    }
}
