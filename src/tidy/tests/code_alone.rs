//! Comments, strings and characters are blanked out, and nothing else is, so that rules see code.

use crate::tidy::source::code;

fn check(text: &str, kept: &str) {
    assert_eq!(code(text), kept, "{text}");
    assert_eq!(code(text).len(), text.len(), "columns stay");
}

#[test]
fn comments_go() {
    check("a // b\nc", "a     \nc");
    check("a /* b /* c */ d */ e", "a                   e");
    check("/* never closed", "               ");
}

#[test]
fn strings_go() {
    check(r#"f("{ \" }")"#, "f(        )");
    check("r#\"a \" b\"# c", "           c");
    check("br\"//\" c", "       c");
    check("\"a\nb\" c", "  \n   c");
    check("var\"x\"", "var   ");
}

#[test]
fn characters_go_and_lifetimes_stay() {
    check("'{' 'a fn<'b>", "    'a fn<'b>");
    check(r"'\'' x", "     x");
    check(r"b'\\' x", "b     x");
    check("'é' x", "     x");
    check("&'static str", "&'static str");
}
