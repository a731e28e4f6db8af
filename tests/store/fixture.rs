//! A fresh store on either database, and rows to put into it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use atalaya::domain::{
    Attribute, Attributes, Branch, BranchId, Camera, CameraId, Line, ParamValue, Place, Point, SectorId,
    TenantId, Timestamp, Visit, Zone,
};
use atalaya::store::{Store, VisitRecord};
use sqlx::Connection;
use tempfile::TempDir;

use crate::postgres::Cluster;

/// When branches are described: before anything happens.
pub(crate) const EARLY: Timestamp = Timestamp::from_millis(1_000_000_000_000);

/// A store and what must outlive it.
pub(crate) struct Fresh {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
    pub(crate) url: Option<String>,
    _cluster: Option<Arc<Cluster>>,
}

impl Fresh {
    /// Runs a statement past the store.
    pub(crate) async fn run(&self, statement: &str) {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        if let Some(url) = &self.url {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        } else {
            let file = format!("sqlite://{}", self.store.file().unwrap().display());
            let mut connection = sqlx::SqliteConnection::connect(&file).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        }
    }

    /// Lets every statement fail that sets this column of a shift of which `condition` holds.
    pub(crate) async fn forbid(&self, column: &str, condition: &str) {
        let when =
            format!("before update of {column} on shift for each row when (new.{column} and {condition})");
        self.run(&match &self.url {
            None => format!("create trigger forbidden {when} begin select raise(abort, 'forbidden'); end"),
            Some(_) => format!(
                "create function refuse() returns trigger language plpgsql as
                    $$begin raise exception 'forbidden'; end$$;
                create trigger forbidden {when} execute function refuse()"
            ),
        })
        .await;
    }

    /// Takes back what was forbidden.
    pub(crate) async fn allow(&self) {
        let place = if self.url.is_some() { " on shift" } else { "" };
        self.run(&format!("drop trigger forbidden{place}")).await;
    }
}

pub(crate) async fn sqlite() -> Fresh {
    fresh(None).await
}

pub(crate) async fn postgres() -> Fresh {
    fresh(Some(Cluster::shared())).await
}

async fn fresh(cluster: Option<Arc<Cluster>>) -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let url = cluster.as_ref().map(|cluster| cluster.create_database());
    let store = Store::open(url.as_deref(), folder.path()).await.unwrap();
    assert_eq!(store.migrate().await.unwrap().version, Store::schema_version());
    Fresh { store, folder, url, _cluster: cluster }
}

pub(crate) fn tenant(id: i64) -> TenantId {
    TenantId::new(id).unwrap()
}

pub(crate) fn branch_id(id: i64) -> BranchId {
    BranchId::new(id).unwrap()
}

pub(crate) fn camera_id(slug: &str) -> CameraId {
    CameraId::new(slug).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

pub(crate) fn branch(tenant_id: i64, id: i64, time_zone: &str) -> Branch {
    Branch {
        id: branch_id(id),
        tenant: tenant(tenant_id),
        name: format!("Branch {id} of {tenant_id}"),
        time_zone: time_zone.to_owned(),
    }
}

pub(crate) fn camera(tenant_id: i64, slug: &str) -> Camera {
    let parameters = [
        ("location", ParamValue::Text("rtsp://user:secret@10.0.0.7/1".to_owned())),
        ("latency-ms", ParamValue::Int(200)),
        ("gain", ParamValue::Float(1.5)),
        ("tcp", ParamValue::Bool(true)),
    ];
    Camera {
        id: camera_id(slug),
        tenant: tenant(tenant_id),
        branch: branch_id(2),
        sector: Some(SectorId::new(3).unwrap()),
        name: "Entrada «sur»".to_owned(),
        pipeline: "rtsp".to_owned(),
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        lines: vec![Line {
            name: "door".into(),
            from: Point { x: 0.1, y: 0.5 },
            to: Point { x: 0.9, y: 0.25 },
            entrance: true,
        }],
        zones: vec![Zone {
            name: "queue".into(),
            corners: [(0.0, 0.0), (1.0, 0.0), (0.5, 0.75)].map(|(x, y)| Point { x, y }).to_vec(),
            max_people: Some(5),
            dwell_s: Some(60),
        }],
        enabled: true,
    }
}

pub(crate) fn bare_camera(tenant_id: i64, slug: &str) -> Camera {
    Camera {
        sector: None,
        parameters: BTreeMap::new(),
        lines: Vec::new(),
        zones: Vec::new(),
        enabled: false,
        ..camera(tenant_id, slug)
    }
}

/// A finished stay before camera `door` of branch 2.
pub(crate) fn visit(tenant_id: i64, track: u64, enter: Timestamp, stay: Duration) -> VisitRecord {
    let jacket = Attribute { value: Some("jacket".into()), confidence: 0.7 };
    VisitRecord {
        run: 7,
        open: false,
        visit: Visit {
            place: Place {
                tenant: tenant(tenant_id),
                branch: branch_id(2),
                sector: Some(SectorId::new(3).unwrap()),
                camera: camera_id("door"),
            },
            track,
            enter,
            leave: enter + stay,
            confidence: 0.81,
            model: "nanodet".into(),
            attributes: Attributes { garment: jacket, ..Attributes::default() },
        },
    }
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
