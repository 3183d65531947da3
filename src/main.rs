//! The `breakfix` program.
fn main() {}
