//! Charts from records: what is found, and that the SVG is well formed whatever the names.

mod drawing;
