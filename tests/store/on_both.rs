//! Each story becomes two tests.

/// Runs a story on both databases.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $story() {
                let fresh = crate::fixture::sqlite().await;
                super::$story(&fresh.store).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $story() {
                let fresh = crate::fixture::postgres().await;
                super::$story(&fresh.store).await;
            })+
        }
    };
}
