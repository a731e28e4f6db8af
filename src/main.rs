//! Arguments, logging, and the call into the app.

fn main() {}
