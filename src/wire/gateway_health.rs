//! The gateway's health, with the names that the clients of its first design know.

use serde::Serialize;
use utoipa::ToSchema;

/// How the gateway does, and how many are connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GatewayHealth {
    /// `healthy`, `degraded` or `unhealthy`.
    #[schema(examples("healthy"))]
    pub status: String,
    pub connections: GatewayConnections,
}

/// Who is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GatewayConnections {
    pub total: u64,
    pub by_endpoint: EndpointConnections,
}

/// By endpoint, sockets and streams together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndpointConnections {
    pub waiter: u64,
    pub kitchen: u64,
    pub admin: u64,
    pub diner: u64,
}

/// How each part of the gateway does.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GatewayHealthDetailed {
    /// `healthy`, `degraded` or `unhealthy`.
    #[schema(examples("healthy"))]
    pub status: String,
    /// What brings events from Redis.
    pub redis_async: RedisPool,
    /// What asks Redis and tells it.
    pub redis_sync: RedisPool,
    pub circuit_breaker: CircuitBreaker,
    pub connections: GatewayConnections,
    pub rate_limiter: RateLimiter,
    pub event_processing: EventProcessing,
}

/// Connections to Redis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RedisPool {
    /// `disabled`, `starting`, `healthy` or `degraded`.
    #[schema(examples("disabled"))]
    pub status: String,
    /// Most that there may be: all share one.
    pub pool_size: u32,
    /// Those that there are; left out where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_connections: Option<u32>,
}

/// What holds requests back that would fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CircuitBreaker {
    pub redis: BreakerState,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BreakerState {
    /// `closed`, `open` or `half_open`.
    #[schema(examples("closed"))]
    pub state: String,
    /// Failures one after the other.
    pub failures: u32,
}

/// What bounds how fast clients talk: each connection has its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RateLimiter {
    pub tracked_connections: u64,
    /// As many connections as may be; 0: any number.
    pub capacity: u64,
}

/// Events on their way.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EventProcessing {
    /// Those that wait.
    pub queue_size: u64,
    /// The share that was lost within the last minute, 0 to 1.
    pub drop_rate: f64,
}
