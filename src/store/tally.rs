//! What rows add to the figures of their shift: counts that grow and shrink with them, kept in a table of their own.

use std::collections::HashMap;

use super::bulk::{Cell, Rows, Writing};
use crate::domain::{Attributes, Place, SectorId, TenantId};

const INSERT: &str = "insert into tally (tenant, shift, figure, name, number, camera, sector, amount) ";
const ADD: &str = " on conflict (tenant, shift, figure, name, number, camera, sector)
    do update set amount = tally.amount + excluded.amount";

/// Stands in for a sector where there is none: a key cannot hold null.
const NO_SECTOR: i64 = 0;

/// What the look at people's clothes may say, by the name of its figure.
pub(super) const SAID: [&str; 5] = ["garment", "color", "accessory", "bag", "age"];

/// Where a figure is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Spot<'a> {
    pub(super) shift: i64,
    pub(super) camera: &'a str,
    pub(super) sector: i64,
}

impl<'a> Spot<'a> {
    pub(super) fn new(shift: i64, camera: &'a str, sector: Option<i64>) -> Self {
        Self { shift, camera, sector: sector.unwrap_or(NO_SECTOR) }
    }

    pub(super) fn of(shift: i64, place: &'a Place) -> Self {
        Self::new(shift, place.camera.as_str(), place.sector.map(SectorId::get))
    }
}

/// One of a shift's figures: `name` tells it from others of its kind, `number` is an hour of the shift or whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key<'a> {
    shift: i64,
    figure: &'static str,
    name: &'a str,
    number: i64,
    camera: &'a str,
    sector: i64,
}

/// Changes of figures.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    changes: HashMap<Key<'a>, i64>,
}

impl<'a> Tally<'a> {
    pub(super) fn add(
        &mut self,
        Spot { shift, camera, sector }: Spot<'a>,
        (figure, name, number): (&'static str, &'a str, i64),
        amount: i64,
    ) {
        *self.changes.entry(Key { shift, figure, name, number, camera, sector }).or_default() += amount;
    }

    /// What a visit says but for that it is there: how long it was, once it is over, and what its person wore.
    pub(super) fn add_looks(
        &mut self,
        spot: Spot<'a>,
        stayed_ms: Option<i64>,
        attributes: &'a Attributes,
        amount: i64,
    ) {
        if let Some(ms) = stayed_ms {
            self.add(spot, ("dwell", "", ms / 1000), amount);
        }
        let Attributes { garment, primary_color, head_accessory, bag, age_range, .. } = attributes;
        for (figure, said) in SAID.into_iter().zip([garment, primary_color, head_accessory, bag, age_range]) {
            if let Some(value) = &said.value {
                self.add(spot, (figure, value, 0), amount);
            }
        }
    }

    /// Adds the changes to what is stored, within an open transaction.
    pub(super) async fn put(self, writing: &mut Writing, tenant: TenantId) -> Result<(), sqlx::Error> {
        let mut changes: Vec<_> = self.changes.into_iter().filter(|(_, amount)| *amount != 0).collect();
        // In the order of the table, in which they lie close together.
        changes.sort_unstable();
        let mut rows = Rows::new(8);
        for (Key { shift, figure, name, number, camera, sector }, amount) in changes {
            rows.push([
                Cell::Int(tenant.get()),
                Cell::Int(shift),
                Cell::Text(figure),
                Cell::Text(name),
                Cell::Int(number),
                Cell::Text(camera),
                Cell::Int(sector),
                Cell::Int(amount),
            ]);
        }
        writing.put(INSERT, &rows, ADD).await
    }
}
