//! Frames → visits → store.
