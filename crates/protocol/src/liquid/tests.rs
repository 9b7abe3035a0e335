use proptest::prelude::*;
use serde_json::json;

use super::*;

fn now() -> Timestamp {
    Timestamp::from_millis(1_764_060_000_000)
}

fn fill(template: &str, variables: &Json) -> String {
    let template = Template::parse(template).unwrap();
    template.render(variables, Escaping::Html, now()).unwrap()
}

fn problem(template: &str) -> String {
    Template::parse(template).unwrap_err().to_string()
}

#[test]
fn variables_are_found_by_path_and_what_is_not_there_is_empty() {
    let variables = json!({"user": {"name": "Ana", "tags": ["a", "b"], "first-name": "A"},
        "key": "name", "count": 3, "rate": 1.5, "on": true});
    for (template, expected) in [
        ("Hi {{ user.name }}!", "Hi Ana!"),
        ("{{user.nope.deeper}}{{ nothing }}", ""),
        ("{{ user[key] }} {{ user['name'] }}", "Ana Ana"),
        (
            "{{ user.tags[0] }}{{ user.tags.last }}{{ user.tags[-1] }}",
            "abb",
        ),
        ("{{ user.tags.size }}", "2"),
        ("{{ user.first-name }}", "A"),
        ("{{ count }} {{ rate }} {{ on }}", "3 1.5 true"),
        ("a  {{- ' b ' -}}  c", "a b c"),
        ("a {%- if on -%} b {%- endif %} c", "ab c"),
    ] {
        assert_eq!(fill(template, &variables), expected, "{template}");
    }
}

#[test]
fn values_are_escaped_once_and_the_authors_own_html_is_not() {
    let variables = json!({"x": "<b a='1'>&\"</b>"});
    let escaped = "&lt;b a=&#39;1&#39;&gt;&amp;&quot;&lt;/b&gt;";
    for template in [
        "{{ x }}",
        "{{ x | escape }}",
        "{{ x | escape_once }}",
        "{{ x | append: '' }}",
        "{% assign y = x %}{{ y }}",
        "{% capture y %}{{ x }}{% endcapture %}{{ y }}",
        "{% for c in list %}{{ c }}{% else %}{{ x }}{% endfor %}",
        "{{ nothing | default: x }}",
    ] {
        assert_eq!(fill(template, &variables), escaped, "{template}");
    }
    assert_eq!(fill("<i>{{ '<br>' }}</i>", &variables), "<i><br></i>");
    assert_eq!(
        fill("{{ '&amp; &' | escape_once }}", &variables),
        "&amp; &amp;"
    );
    let template = Template::parse("{{ x }}").unwrap();
    let plain = template.render(&variables, Escaping::None, now()).unwrap();
    assert_eq!(plain, variables["x"].as_str().unwrap());
}

#[test]
fn conditions_choose_a_branch() {
    let variables = json!({"lang": "de", "n": 5, "list": ["a"], "none": null, "no": false,
        "empty_text": ""});
    for (template, expected) in [
        (
            "{% if lang == 'de' %}Hallo{% elsif lang == 'fr' %}Salut{% else %}Hi{% endif %}",
            "Hallo",
        ),
        (
            "{% if lang == 'x' %}1{% elsif n > 4 %}2{% else %}3{% endif %}",
            "2",
        ),
        ("{% unless lang == 'de' %}1{% else %}2{% endunless %}", "2"),
        ("{% unless none %}1{% endunless %}", "1"),
        ("{% if no or n >= 5 and lang != 'x' %}1{% endif %}", "1"),
        (
            "{% if list contains 'a' %}1{% endif %}{% if lang contains 'e' %}2{% endif %}",
            "12",
        ),
        (
            "{% if none == nil %}1{% endif %}{% if empty_text == blank %}2{% endif %}",
            "12",
        ),
        ("{% if n < 'x' %}1{% else %}2{% endif %}", "2"),
        (
            "{% case lang %}{% when 'fr', 'es' %}1{% when 'en' or 'de' %}2{% else %}3{% endcase %}",
            "2",
        ),
        ("{% case n %}{% when 4 %}1{% else %}3{% endcase %}", "3"),
    ] {
        assert_eq!(fill(template, &variables), expected, "{template}");
    }
}

#[test]
fn loops_go_over_items_and_ranges() {
    let variables = json!({"list": ["a", "b", "c"], "n": 3});
    for (template, expected) in [
        (
            "{% for x in list %}{{ forloop.index }}{{ x }}{% unless forloop.last %},{% endunless %}{% endfor %}",
            "1a,2b,3c",
        ),
        (
            "{% for x in list limit: 1 offset: 1 %}{{ x }}{% endfor %}",
            "b",
        ),
        ("{% for x in list reversed %}{{ x }}{% endfor %}", "cba"),
        ("{% for x in (1..n) %}{{ x }}{% endfor %}", "123"),
        (
            "{% for x in (3..1) %}{{ x }}{% else %}none{% endfor %}",
            "none",
        ),
        (
            "{% for x in list %}{% if x == 'b' %}{% break %}{% endif %}{{ x }}{% endfor %}",
            "a",
        ),
        (
            "{% for x in list %}{% if x == 'b' %}{% continue %}{% endif %}{{ x }}{% endfor %}",
            "ac",
        ),
        (
            "{% for x in list %}{% assign last = x %}{% endfor %}{{ last }}{{ x }}",
            "c",
        ),
        (
            "{% for x in list %}{% for x in list %}{{ x }}{% endfor %}{{ x }}{% endfor %}",
            "abcaabcbabcc",
        ),
    ] {
        assert_eq!(fill(template, &variables), expected, "{template}");
    }
}

#[test]
fn filters_change_values() {
    let variables =
        json!({"name": "ana maria", "mail": "a+b@c.test", "at": "2026-03-01T12:00:00Z"});
    for (template, expected) in [
        (
            "{{ name | capitalize }} {{ name | upcase | downcase }}",
            "Ana maria ana maria",
        ),
        (
            "{{ name | split: ' ' | last | append: '!' | prepend: '¡' }}",
            "¡maria!",
        ),
        (
            "{{ name | replace: 'a', 'o' }} {{ name | remove: 'a' }}",
            "ono morio n mri",
        ),
        ("{{ mail | url_encode }}", "a%2Bb%40c.test"),
        ("{{ name | size }} {{ name | truncate: 6 }}", "9 ana..."),
        (
            "{{ 7 | plus: 2 | times: 2 | minus: 4 | divided_by: 4 | modulo: 2 }}",
            "1",
        ),
        ("{{ 1 | divided_by: 0 }}", ""),
        (
            "{{ at | date: '%d.%m.%Y' }} {{ 'now' | date: '%Y' }} {{ 'x' | date: '%Y' }}",
            "01.03.2026 2025 x",
        ),
        ("{{ 'b,a' | split: ',' | sort | join: '-' }}", "a-b"),
        ("{{ '\n' | newline_to_br }}", "<br>\n"),
        ("{{ name | json }}", "&quot;ana maria&quot;"),
    ] {
        assert_eq!(fill(template, &variables), expected, "{template}");
    }
}

#[test]
fn comments_are_left_out_and_raw_is_left_as_it_is() {
    let none = json!({});
    assert_eq!(
        fill(
            "a{% comment %}{% if %}{{ x | nope }}{% endcomment %}b",
            &none
        ),
        "ab"
    );
    assert_eq!(
        fill("{% raw %}{{ x }}{% if %}{%- endraw -%}!", &none),
        "{{ x }}{% if %}!"
    );
}

#[test]
fn a_caller_may_have_tags_of_its_own() {
    let source = "<head>{%- auth0:head -%}</head>{% if true %}{% auth0:widget %}{% endif %}";
    let template = Template::parse_with(source, &["auth0:head", "auth0:widget"]).unwrap();
    let tags = [("auth0:head", "<link>"), ("auth0:widget", "<main>")];
    let page = template.render_with(&json!({}), &tags, Escaping::Html, now());
    assert_eq!(page.unwrap(), "<head><link></head><main>");
    assert_eq!(problem(source), "unknown tag \"auth0:head\" in line 1");
}

#[test]
fn what_is_not_understood_is_told_with_its_line() {
    for (template, expected) in [
        ("\n{{ a", "{{ is not closed in line 2"),
        ("{% if a %}", "endif is missing in line 1"),
        ("{% endif %}", "unknown tag \"endif\" in line 1"),
        ("\n\n{% include 'x' %}", "unknown tag \"include\" in line 3"),
        ("{{ a | nope }}", "unknown filter nope in line 1"),
        ("{{ a b }}", "\"b\" is not understood in line 1"),
        ("{{ 'a }}", "a text is not closed in line 1"),
        ("{% assign a 1 %}", "= is missing in line 1"),
        ("{% for a of b %}{% endfor %}", "in is missing in line 1"),
        ("{% raw %}", "raw is not closed in line 1"),
        (
            "{{ 99999999999999999999 }}",
            "\"99999999999999999999\" is no number in line 1",
        ),
    ] {
        assert_eq!(problem(template), expected, "{template}");
    }
    let deep = |count: usize| "{% if a %}".repeat(count) + &"{% endif %}".repeat(count);
    assert!(Template::parse(&deep(30)).is_ok());
    assert!(problem(&deep(4_000)).contains("too many blocks"));
    let deep = format!("{{{{ a{}b{} }}}}", "[a".repeat(5_000), "]".repeat(5_000));
    assert!(problem(&deep).contains("too deep"));
    let long = format!("{{% if a{} %}}{{% endif %}}", " and a".repeat(5_000));
    assert!(problem(&long).contains("too deep"));
    assert!(problem(&"x".repeat(MAX_TEMPLATE + 1)).contains("more than"));
}

#[test]
fn a_template_that_never_ends_or_grows_without_end_is_stopped() {
    let doubling = "{% assign a = a | append: a %}";
    let capture = "{% capture a %}{{ a }}{{ a }}{% endcapture %}";
    let hostile = [
        "{% for i in (1..9223372036854775807) %}{% endfor %}".to_owned(),
        "{% for i in (-9223372036854775807..9223372036854775807) %}{% endfor %}".to_owned(),
        "{% for i in (1..9000) %}".repeat(5) + &"{% endfor %}".repeat(5),
        format!("{{% assign a = 'xxxxxxxx' %}}{}", doubling.repeat(64)),
        format!("{{% assign a = 'xxxxxxxx' %}}{}", capture.repeat(64)),
        format!(
            "{{% assign a = big %}}{}",
            "{{ a | replace: 'x', a }}".repeat(3)
        ),
        format!(
            "{{% assign a = big | split: '' %}}{}",
            "{{ a | join: big }}".repeat(3)
        ),
        "{{ big | split: '' | sort | reverse }}".repeat(90),
        "{% if big contains big %}{% endif %}".repeat(2_000),
    ];
    let variables = json!({"big": "x".repeat(60_000)});
    for template in hostile {
        let start = template.get(..60).unwrap_or(&template).to_owned();
        let template = Template::parse(&template).unwrap();
        let filled = template.render(&variables, Escaping::Html, now());
        assert_eq!(filled.unwrap_err(), TooMuchWork, "{start}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_written_panics_and_no_value_becomes_a_tag(
        template in "([a-z .|:,'\"=<>()\\[\\]0-9-]|\\{\\{|\\}\\}|\\{%|%\\}|\\{% (if|for|case|assign|capture|raw|when|else|endif|endfor) ){0,60}",
        value in "\\PC{0,20}",
    ) {
        if let Ok(template) = Template::parse(&template) {
            let variables = json!({"a": value, "b": [value, {"c": 1}], "c": {"a": value}});
            let _ = template.render(&variables, Escaping::Html, now());
        }
        let shown = fill("{{ a }}{{ a | upcase }}{{ b | first }}{{ b | json }}", &json!({"a": value, "b": [value]}));
        prop_assert!(!shown.contains(['<', '>', '"', '\'']));
    }
}
