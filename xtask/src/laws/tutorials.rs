//! What the documentation must offer, by the acceptance checks.

#[cfg(test)]
mod tests {
    use crate::repository::{self, read};

    const TUTORIAL: &str = "tutorials/one-api-for-several-services.md";

    fn page(path: &str) -> String {
        read(&repository::root().join("docs").join(path)).expect("a readable page")
    }

    #[test]
    fn t33_1_both_entries_of_the_contents_lead_to_the_same_tutorial() {
        let contents = page("README.md");
        for section in ["## Calling APIs from services", "## APIs in general"] {
            let (_, after) = contents.split_once(section).expect("the section");
            let section = after.split("\n## ").next().unwrap_or_default();
            assert!(section.contains(&format!("]({TUTORIAL})")), "{section}");
        }
        assert!(page(TUTORIAL).contains("grantor client-grant create"));
    }

    #[test]
    fn t33_3_the_tutorial_links_to_one_authorization_per_audience() {
        let link = "](../questions.md#can-one-token-serve-several-apis)";
        assert!(page(TUTORIAL).contains(link));
        assert!(page("questions.md").contains("## Can one token serve several APIs?"));
    }
}
