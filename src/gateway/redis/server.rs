//! Connections to Redis, such that a dead one is noticed.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, RedisResult,
    TlsCertificates,
};

use super::RedisAt;

/// Longest wait for a connection and for an answer: Redis gives both in milliseconds, unless it is not there.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Below ours, which ask Redis itself.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Where Redis is.
#[derive(Debug, Clone)]
pub(super) struct Server {
    client: Client,
}

impl Server {
    /// # Errors
    /// When `at` is none.
    pub(super) fn new(RedisAt { url, ca }: RedisAt) -> RedisResult<Self> {
        // Both that TLS could use may be in the program, so one has to be chosen; it may have been already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let info = url.into_connection_info()?;
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4).with_retries(3);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        let info = info.set_redis_settings(settings).set_tcp_settings(tcp);
        let client = match ca {
            None => Client::open(info)?,
            ca => Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: ca })?,
        };
        Ok(Self { client })
    }

    /// A connection for questions and answers.
    pub(super) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        self.client.get_multiplexed_async_connection_with_config(&config()).await
    }

    /// A connection that also takes what is published, which `hear` is called with and must not wait.
    pub(super) async fn listen(
        &self,
        hear: impl Fn(PushInfo) -> Result<(), redis::aio::SendError> + Send + Sync + 'static,
    ) -> RedisResult<MultiplexedConnection> {
        let config = config().set_push_sender(hear);
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }
}

fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE))
}

/// The process of Redis that answers, by the name that it gave itself; empty when it does not say.
pub(super) async fn run_of(connection: &mut MultiplexedConnection) -> RedisResult<String> {
    let asked = redis::cmd("INFO").arg("server").query_async::<String>(connection).await;
    let info = match asked {
        Ok(info) => info,
        Err(error) if is_refusal(&error) => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:"));
    Ok(run.unwrap_or_default().trim().to_owned())
}

/// Whether Redis answered that it will not do this, now or later; another try is of no use.
pub(super) fn is_refusal(error: &redis::RedisError) -> bool {
    use redis::{ErrorKind, ServerErrorKind};
    let passes = ["OOM", "READONLY", "MISCONF", "BUSY", "NOREPLICAS", "LOADING", "MASTERDOWN", "CLUSTERDOWN"];
    let is_one = matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::NoPerm | ServerErrorKind::ResponseError) | ErrorKind::Extension
    );
    // Older ones tell of what went wrong inside of a script in its text: `Error running script … -OOM command not allowed`.
    let text = error.to_string();
    let says = |code: &str| error.code() == Some(code) || text.contains(&format!("-{code} "));
    is_one && !passes.iter().any(|code| says(code))
}
