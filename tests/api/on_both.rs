//! A story told on either database.

/// Runs each on both databases, as a list that one can be asked for may be refused by the other.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(&crate::world::World::start().await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(&crate::world::World::start_on_postgres().await).await;
            })+
        }
    };
}
