//! Tokens: issued, listed and taken back.

use std::collections::BTreeSet;

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::error::ApiError;
use super::journal::Note;
use super::list::{self, Paging, mentions};
use super::reply::{Created, Json, NoContent, Told, respond};
use super::request::{Answer, json, query, with};
use super::{State, caller, edit};
use crate::auth::{self, Action, Branches, Caller, GrantError, Ttl, Wish};
use crate::domain::{BranchId, IssuedToken, Role, SectorId};
use crate::wire::{NewToken, Page, Token, TokenInput};

/// How long a token holds unless it is said, as of `atalaya token issue`.
const DEFAULT_TTL: Ttl = Ttl::from_secs(30 * 24 * 3600);

/// Tokens of a tenant that are remembered at most, besides those that are over: so many that were issued here, and so many
/// of elsewhere that were revoked.
const MAX_TOKENS: i64 = 10_000;

/// Longest name of a token that is taken back: those of other systems may have any.
const MAX_ID_CHARS: usize = 128;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let all = warp::path!("api" / "v1" / "tokens");
    let one = warp::path!("api" / "v1" / "tokens" / String);
    let with_caller = || with(state.clone()).and(caller());
    let list = all.and(warp::get()).and(with_caller()).and(query()).then(list_tokens).map(respond);
    let issue = all.and(warp::post()).and(with_caller()).and(json(state.max_body_bytes));
    let issue = issue.then(issue_token).map(respond);
    let revoke = one.and(warp::delete()).and(with_caller()).then(revoke_token).map(respond);
    list.or(issue).unify().or(revoke).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokensQuery {
    q: Option<String>,
    revoked: Option<bool>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Tokens that were issued over this API or revoked, newest first; never the tokens themselves.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access",
    params(("q" = Option<String>, Query, description = "With this in their subject", example = "bar"),
        ("revoked" = Option<bool>, Query, description = "Only those that were revoked, or only those that were not"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<Token>), super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_tokens(
    state: State,
    caller: Caller,
    query: Answer<TokensQuery>,
) -> Answer<Json<Page<Token>>> {
    super::permit(&caller, Action::ManageTokens)?;
    let TokensQuery { q, revoked, limit, cursor } = query?;
    let mut tokens = state.store.tokens(caller.tenant).await?;
    tokens.retain(|token| {
        is_within(token, &caller)
            && mentions(&token.subject, q.as_deref())
            && revoked.is_none_or(|wanted| token.revoked.is_some() == wanted)
    });
    let key = |token: &IssuedToken| {
        let at = token.issued.or(token.revoked).map_or(0, |at| at.as_millis());
        format!("{}-{}", list::number_key(i64::MAX - at), token.id)
    };
    tokens.sort_by_key(key);
    Ok(Json(list::page(tokens, key, Paging { limit, cursor }, |token| Token::from(token))?))
}

/// Issues a token that is good for no more than the asker's own. It is shown this once and kept nowhere.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access",
    request_body(content = TokenInput, example = json!({"subject": "display at the bar", "roles": ["viewer"], "branch_ids": [1], "ttl": "8h"})),
    responses((status = 201, body = NewToken, headers(("Location" = String))),
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn issue_token(
    state: State,
    caller: Caller,
    body: Answer<TokenInput>,
) -> Answer<Told<Created<NewToken>>> {
    super::permit(&caller, Action::ManageTokens)?;
    let body = body?;
    let ttl = match &body.ttl {
        None => DEFAULT_TTL,
        Some(text) => text.parse().map_err(|error| ApiError::invalid("ttl", error))?,
    };
    let granted = auth::grant(&caller, wish(body)?)?;
    let now = state.clock.now();
    let (issued, _) = state.store.count_tokens(caller.tenant, now).await?;
    if issued >= MAX_TOKENS {
        return Err(ApiError::Conflict(format!("there are {MAX_TOKENS} tokens already")));
    }
    let signed = state.keys.issue_named(&granted, ttl);
    let branches: Vec<_> = match &granted.branches {
        Branches::All => Vec::new(),
        Branches::Some(some) => some.iter().copied().collect(),
    };
    let token = IssuedToken {
        tenant: caller.tenant,
        id: signed.id,
        subject: granted.subject,
        roles: granted.roles.into_iter().collect(),
        branches,
        sectors: granted.sectors.into_iter().collect(),
        issued_by: caller.subject,
        issued: Some(signed.issued),
        expires: Some(signed.expires),
        revoked: None,
    };
    state.store.add_token(caller.tenant, &token).await?;
    let location = format!("/api/v1/tokens/{}", token.id);
    let note = Note { branch: only(&token.branches), fields: None };
    let body = NewToken { token: signed.token, about: Token::from(&token) };
    Ok(Told::new(Created { location, body }).note(note).unkept())
}

/// Takes a token back: it is good no more, on this server at once, on others of the same database within seconds. One
/// that was made elsewhere, by `atalaya token issue` or by another system, can be taken back by its `jti` as well.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "access",
    params(("id" = String, Path, description = "The token's `jti`", max_length = 128, pattern = "^[A-Za-z0-9._:-]+$")),
    responses((status = 204), super::openapi::Absence, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn revoke_token(id: String, state: State, caller: Caller) -> Answer<Told<NoContent>> {
    super::permit(&caller, Action::ManageTokens)?;
    let absent = || ApiError::no("token", &id);
    let now = state.clock.now();
    let known = state.store.token(caller.tenant, &id).await?;
    let (expires, note) = match known {
        Some(token) => {
            if !is_within(&token, &caller) || !state.store.revoke_token(caller.tenant, &id, now).await? {
                return Err(absent());
            }
            (token.expires, Note { branch: only(&token.branches), fields: None })
        }
        // What it is good for is not known: only who may do everything takes it back.
        None if caller.branches == Branches::All && is_name(&id) => {
            let token = IssuedToken {
                tenant: caller.tenant,
                id: id.clone(),
                subject: String::new(),
                roles: Vec::new(),
                branches: Vec::new(),
                sectors: Vec::new(),
                issued_by: caller.subject,
                issued: None,
                expires: None,
                revoked: Some(now),
            };
            let (_, foreign) = state.store.count_tokens(caller.tenant, now).await?;
            if foreign >= MAX_TOKENS {
                let reason =
                    format!("{MAX_TOKENS} tokens of elsewhere are revoked already; sign with a new secret");
                return Err(ApiError::Conflict(reason));
            }
            if !state.store.add_token(caller.tenant, &token).await? {
                return Err(absent());
            }
            (None, Note::default())
        }
        None => return Err(absent()),
    };
    state.revocations.add(caller.tenant, &id, expires);
    Ok(Told::new(NoContent).note(note))
}

fn wish(body: TokenInput) -> Answer<Wish> {
    if body.roles.is_empty() {
        return Err(ApiError::invalid("roles", "name at least one"));
    }
    let ids = |ids: Vec<i64>, field: &str| match ids.len() {
        0..=1000 => Ok(ids),
        more => Err(ApiError::invalid(field, format!("{more} are more than 1000"))),
    };
    let branches: Result<BTreeSet<_>, _> =
        ids(body.branch_ids, "branch_ids")?.into_iter().map(BranchId::new).collect();
    let sectors: Result<BTreeSet<_>, _> =
        ids(body.sector_ids, "sector_ids")?.into_iter().map(SectorId::new).collect();
    Ok(Wish {
        subject: edit::text_of("subject", body.subject)?,
        roles: body.roles.iter().filter_map(|role| Role::from_name(role.name())).collect(),
        branches: branches.map_err(|error| ApiError::invalid("branch_ids", error))?,
        sectors: sectors.map_err(|error| ApiError::invalid("sector_ids", error))?,
    })
}

/// Whether a token is good for nothing that the caller does not see.
fn is_within(token: &IssuedToken, caller: &Caller) -> bool {
    let Branches::Some(own) = &caller.branches else { return true };
    !token.branches.is_empty() && token.branches.iter().all(|branch| own.contains(branch))
}

fn only(branches: &[BranchId]) -> Option<BranchId> {
    match branches {
        [branch] => Some(*branch),
        _ => None,
    }
}

fn is_name(id: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    (1..=MAX_ID_CHARS).contains(&id.len()) && id.bytes().all(fits)
}

impl From<GrantError> for ApiError {
    fn from(error: GrantError) -> Self {
        let field = match &error {
            GrantError::Role(_) => "roles",
            GrantError::Branch(_) => "branch_ids",
            GrantError::Sector(_) => "sector_ids",
        };
        Self::invalid(field, error)
    }
}
