//! The implementations under test.

use uplion_log_store::{Store, postgres, sqlite};
use uplion_tests::{
    postgres::{Server, Version},
    scratch,
};

/// A store that nobody else uses.
pub async fn sqlite() -> Store {
    sqlite::open(&scratch::folder("store").unwrap()).unwrap().0
}

pub async fn postgres_15() -> Store {
    shared(Version::V15).await
}

pub async fn postgres_18() -> Store {
    shared(Version::V18).await
}

async fn shared(version: Version) -> Store {
    let database = Server::shared(version).await.database().await.unwrap();
    postgres::connect(&database).await.unwrap()
}

/// Runs each rule on every implementation.
#[macro_export]
macro_rules! on_each {
    ([$($rule:ident)*]) => {
        $crate::on_each!(@one sqlite [$($rule)*]);
        $crate::on_each!(@one postgres_15 [$($rule)*]);
        $crate::on_each!(@one postgres_18 [$($rule)*]);
    };
    (@one $backend:ident [$($rule:ident)*]) => {
        mod $backend {
            $(
                #[tokio::test]
                async fn $rule() {
                    super::$rule($crate::backend::$backend().await).await;
                }
            )*
        }
    };
}
