//! The one permission table: which role may do what.
//!
//! It says nothing of *where*: a caller is besides confined to a tenant and, when the token says so, to some of
//! its branches (see [`super::Caller`]).

use crate::domain::Role;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See cameras, their video and figures, shifts, branches, pipelines and models.
    View,
    /// Read `/metrics`.
    ReadMetrics,
    /// Have pictures and sound of one's own analysed.
    Analyse,
    /// Start, stop and restart cameras.
    OperateCameras,
    /// Create, change and delete cameras, look for new ones, and try out pipeline descriptions.
    ConfigureCameras,
    /// Create, change and delete branches, their schedules and sectors.
    ConfigurePlaces,
    /// List, issue and revoke tokens.
    ManageTokens,
    /// Read who changed what.
    ReadAudit,
    /// See the server's nodes and scheduled work, and run it.
    OperateServer,
}

impl Action {
    pub const ALL: [Self; 9] = [
        Self::View,
        Self::ReadMetrics,
        Self::Analyse,
        Self::OperateCameras,
        Self::ConfigureCameras,
        Self::ConfigurePlaces,
        Self::ManageTokens,
        Self::ReadAudit,
        Self::OperateServer,
    ];

    /// What a refusal calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::ReadMetrics => "read metrics",
            Self::Analyse => "have pictures or sound analysed",
            Self::OperateCameras => "operate cameras",
            Self::ConfigureCameras => "configure cameras",
            Self::ConfigurePlaces => "configure places",
            Self::ManageTokens => "manage tokens",
            Self::ReadAudit => "read the change log",
            Self::OperateServer => "operate the server",
        }
    }
}

/// Whether `role` may do `action`.
pub fn allows(role: Role, action: Action) -> bool {
    match action {
        Action::View => true,
        Action::ReadMetrics | Action::Analyse => matches!(role, Role::Admin | Role::Viewer),
        Action::OperateCameras
        | Action::ConfigureCameras
        | Action::ConfigurePlaces
        | Action::ManageTokens
        | Action::ReadAudit
        | Action::OperateServer => role == Role::Admin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_what_the_docs_say() {
        let table = Role::ALL.map(|role| {
            let may = Action::ALL.map(|action| if allows(role, action) { 'x' } else { '-' });
            format!("{} {}", role.name(), may.iter().collect::<String>())
        });
        assert_eq!(table, ["admin xxxxxxxxx", "kitchen x--------", "waiter x--------", "viewer xxx------"]);
    }
}
