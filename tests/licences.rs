//! Every package that is built in has a licence that deny.toml allows, and comes from the registry named there.
//!
//! The cheap part of what `make audit` looks at, so that it is looked at every time. Texts of licences are not read,
//! and advisories are not known here.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

struct Deny {
    licences: Vec<String>,
    registries: Vec<String>,
}

fn deny() -> Deny {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let list = |section: &str, name: &str| -> Vec<String> {
        let texts = table[section][name].as_array().unwrap().iter();
        texts.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    Deny { licences: list("licenses", "allow"), registries: list("sources", "allow-registry") }
}

/// Whether an SPDX expression can be met by allowed licences alone; `/` is how `OR` was once written.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = either(&words, allowed);
    assert!(rest.is_empty(), "{expression}: {rest:?}");
    met
}

fn either<'w, 't>(words: &'w [&'t str], allowed: &[String]) -> (bool, &'w [&'t str]) {
    let (mut met, mut rest) = both(words, allowed);
    while let Some(after) = rest.strip_prefix(&["OR"]) {
        let (other, after) = both(after, allowed);
        (met, rest) = (met | other, after);
    }
    (met, rest)
}

fn both<'w, 't>(words: &'w [&'t str], allowed: &[String]) -> (bool, &'w [&'t str]) {
    let (mut met, mut rest) = one(words, allowed);
    while let Some(after) = rest.strip_prefix(&["AND"]) {
        let (other, after) = one(after, allowed);
        (met, rest) = (met & other, after);
    }
    (met, rest)
}

fn one<'w, 't>(words: &'w [&'t str], allowed: &[String]) -> (bool, &'w [&'t str]) {
    match words {
        ["(", rest @ ..] => {
            let (met, rest) = either(rest, allowed);
            (met, rest.strip_prefix(&[")"]).expect("a closing bracket"))
        }
        [name, "WITH", exception, rest @ ..] => (allowed.contains(&format!("{name} WITH {exception}")), rest),
        [name, rest @ ..] => (allowed.iter().any(|licence| licence == name), rest),
        [] => panic!("a licence is missing"),
    }
}

#[test]
fn expressions_are_met_by_what_is_allowed() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned()];
    for met in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "MIT AND (ISC OR X)", "(MIT)", "A WITH B OR ISC"] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in ["GPL-3.0", "MIT AND GPL-3.0", "MIT AND (A OR B)", "MIT WITH B", "(A OR MIT) AND B"] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn every_package_may_be_built_in() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let arguments = ["metadata", "--format-version=1", "--locked", "--offline", "--manifest-path", manifest];
    let output = Command::new(cargo).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} packages", packages.len());
    let deny = deny();
    let mut faults = Vec::new();
    for package in packages {
        let name = format!("{} {}", package["name"], package["version"]);
        match package["license"].as_str() {
            Some(expression) if is_met(expression, &deny.licences) => {}
            licence => faults.push(format!("{name}: {licence:?} is not in deny.toml's list")),
        }
        // What has no source is of this repository.
        let source = package["source"].as_str();
        let registry = source.map(|source| source.trim_start_matches("registry+").to_owned());
        if registry.is_some_and(|registry| !deny.registries.contains(&registry)) {
            faults.push(format!("{name}: from {source:?}"));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}
