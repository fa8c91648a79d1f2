//! Who signs in does so for one installation at a time, and what signs them in is shown to nobody else.

use serde_json::Value;
use uplion_tests::wait::{self, PATIENCE};

use crate::{account::Account, dev::Dev};

const ADA: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";

/// An installation with one user in it.
async fn with_ada() -> Dev {
    let dev = Dev::start().await;
    dev.registers(ADA, "Ada", PASSWORD, &[]).await;
    dev
}

#[tokio::test]
async fn who_signs_in_is_who_asks_until_they_sign_out() {
    let (dev, account) = (with_ada().await, Account::new());
    let url = dev.url();
    let refused = account.refused(&["whoami", "--url", &url], 4).await;
    assert!(refused.contains("uplion login"), "{refused}");

    let told = account.sign_in(&url, ADA, PASSWORD).await;
    assert!(told.contains(ADA), "{told}");
    // The only sign-in says where the installation is.
    let told = account.stdout(&["whoami"]).await;
    assert!(told.contains(ADA) && told.contains(&url), "{told}");
    let refused = account.refused(&["project", "create", "physics"], 4).await;
    assert!(refused.contains("create_project"), "{refused}");

    account.stdout(&["logout"]).await;
    account.refused(&["whoami", "--url", &url], 4).await;
    assert_eq!(account.kept(), []);
}

#[tokio::test]
async fn a_password_is_read_from_standard_input_and_a_wrong_one_ends_with_4() {
    let (dev, account) = (with_ada().await, Account::new());
    let url = dev.url();
    let login = ["login", "--url", &url, "--email", ADA];
    let wrong = account.ask_told(&login, &[], "not the password\n").await;
    assert_eq!(wrong.status.code(), Some(4), "{wrong:?}");
    assert_eq!((wrong.stderr.lines().count(), account.kept().len()), (1, 0), "{wrong:?}");
    let right = account.ask_told(&login, &[], &format!("{PASSWORD}\n")).await;
    assert!(right.status.success(), "{right:?}");
    let nothing = account.ask_told(&login, &[], "").await;
    assert_eq!(nothing.status.code(), Some(1), "{nothing:?}");
    assert!(nothing.stderr.contains("UPLION_PASSWORD"), "{nothing:?}");
}

#[tokio::test]
async fn what_signs_in_is_for_its_owner_alone_and_never_printed() {
    let (dev, account) = (with_ada().await, Account::new());
    let url = dev.url();
    let mut printed = account.sign_in(&url, ADA, PASSWORD).await;
    let token = account.token();
    let [(mode, _)] = account.kept()[..] else { panic!("not one sign-in") };
    assert_eq!(mode, 0o600);

    for arguments in [
        &["whoami"][..],
        &["whoami", "--json"],
        &["session", "list"],
        &["session", "list", "--json"],
        &["project", "list"],
        &["project", "create", "physics"],
        &["doctor"],
    ] {
        let answer = account.ask(arguments, &[("RUST_LOG", "trace")]).await;
        printed += &(answer.stdout + &answer.stderr);
    }
    let environment = [("UPLION_EMAIL", ADA), ("UPLION_PASSWORD", PASSWORD)];
    let json = account.ask(&["login", "--url", &url, "--json"], &environment).await;
    let shown: Value = serde_json::from_str(&json.stdout).unwrap();
    let fields: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["expires_at", "id", "url", "user"]);
    printed += &json.stdout;
    printed += &dev.output();
    for secret in [token, account.token(), PASSWORD.to_owned()] {
        assert!(!printed.contains(&secret), "{secret} in {printed}");
    }
}

#[tokio::test]
async fn somebody_is_signed_in_at_two_installations_at_once() {
    let (here, there, account) = (with_ada().await, with_ada().await, Account::new());
    let (first, second) = (here.url(), there.url());
    account.sign_in(&first, ADA, PASSWORD).await;
    account.sign_in(&second, ADA, PASSWORD).await;
    let which = account.refused(&["whoami"], 1).await;
    for part in ["--url", &first, &second] {
        assert!(which.contains(part), "{which}");
    }
    for url in [&first, &second] {
        let told = account.stdout(&["whoami", "--url", url]).await;
        assert!(told.contains(url.as_str()) && told.contains(ADA), "{told}");
    }
    account.stdout(&["logout", "--url", &first]).await;
    account.refused(&["whoami", "--url", &first], 4).await;
    let told = account.stdout(&["whoami"]).await;
    assert!(told.contains(&second), "{told}");
}

#[tokio::test]
async fn a_session_that_was_revoked_elsewhere_says_to_sign_in_again() {
    let (dev, account, other) = (with_ada().await, Account::new(), Account::new());
    let url = dev.url();
    account.sign_in(&url, ADA, PASSWORD).await;
    other.sign_in(&url, ADA, PASSWORD).await;
    let theirs = wait::until_some(PATIENCE, "the other session in the list", async || {
        let listed = account.stdout(&["session", "list", "--json"]).await;
        let sessions: Vec<Value> = serde_json::from_str(&listed).unwrap();
        let theirs = sessions.iter().find(|session| session["current"] == false)?;
        Some(theirs["id"].as_str().unwrap().to_owned())
    });
    let theirs = theirs.await.unwrap();
    let revoke = ["session", "revoke", &theirs, "--reason", "a lost laptop"];
    account.stdout(&revoke).await;
    let refused = other.refused(&["whoami"], 4).await;
    assert!(refused.contains(&format!("uplion login --url {url}")), "{refused}");
    // And signing out of what has ended is signing out.
    other.stdout(&["logout"]).await;
    assert_eq!(other.kept(), []);
}

#[tokio::test]
async fn an_admin_key_at_hand_is_shown_instead_and_signing_in_says_so() {
    let (dev, account) = (with_ada().await, Account::new());
    let url = dev.url();
    let environment =
        [("UPLION_EMAIL", ADA), ("UPLION_PASSWORD", PASSWORD), ("UPLION_ADMIN_KEY", "adm-other")];
    let answer = account.ask(&["login", "--url", &url], &environment).await;
    assert!(answer.status.success() && answer.stderr.contains("UPLION_ADMIN_KEY"), "{answer:?}");
    let told = account.ask(&["whoami"], &environment).await;
    assert_eq!(told.status.code(), Some(4), "{told:?}");
    assert!(account.stdout(&["whoami"]).await.contains(ADA));
}
