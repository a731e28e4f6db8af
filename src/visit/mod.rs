//! Tracks over time → visits, line crossings and zone stays.
