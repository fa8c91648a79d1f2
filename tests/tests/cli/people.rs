//! Users, members and admin keys, by commands.

use serde_json::Value;

use crate::{account::Account, dev::Dev};

const ADA: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";
const OTHER_PASSWORD: &str = "staple of another kind";

#[tokio::test]
async fn a_user_is_registered_changed_disabled_enabled_and_erased() {
    let dev = Dev::start().await;
    dev.stdout(&["user", "create", ADA, "--name", "Ada"]).await;
    dev.stdout(&["user", "set", ADA, "--access", "auditor", "--name", "Ada L."]).await;
    let shown = dev.json(&["user", "show", ADA]).await;
    assert_eq!((&shown["name"], &shown["access"]), (&"Ada L.".into(), &"auditor".into()));
    dev.stdout(&["user", "disable", ADA]).await;
    assert_eq!(dev.json(&["user", "list", "--status", "disabled"]).await[0]["id"], shown["id"]);
    dev.stdout(&["user", "enable", ADA]).await;

    let asked = dev.refused(&["user", "erase", ADA], 1).await;
    assert!(asked.contains("--yes"), "{asked}");
    assert_eq!(dev.json(&["user", "show", ADA]).await["status"], "active");
    dev.stdout(&["user", "erase", ADA, "--yes"]).await;
    dev.refused(&["user", "show", ADA], 6).await;
    let erased = dev.json(&["user", "show", shown["id"].as_str().unwrap()]).await;
    assert_eq!((&erased["status"], &erased["name"]), (&"erased".into(), &Value::Null));
}

#[tokio::test]
async fn a_password_is_set_by_an_administrator_and_changed_by_its_owner() {
    let (dev, account) = (Dev::start().await, Account::new());
    dev.stdout(&["user", "create", ADA, "--name", "Ada"]).await;
    dev.stdout_with(&["user", "password", ADA], &[("UPLION_NEW_PASSWORD", PASSWORD)]).await;
    let url = dev.url();
    account.sign_in(&url, ADA, PASSWORD).await;
    let sessions = dev.json(&["session", "list", "--user", ADA]).await;
    assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");

    let wrong = [("UPLION_PASSWORD", "not the one"), ("UPLION_NEW_PASSWORD", OTHER_PASSWORD)];
    let refused = account.ask(&["user", "password"], &wrong).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    // Both piped, one a line.
    let input = format!("{PASSWORD}\n{OTHER_PASSWORD}\n");
    let changed = account.ask_told(&["user", "password"], &[], &input).await;
    assert!(changed.status.success(), "{changed:?}");
    account.refused(&["whoami"], 4).await;
    account.sign_in(&url, ADA, OTHER_PASSWORD).await;
}

#[tokio::test]
async fn a_member_sees_their_project_and_issues_keys_of_their_own() {
    let (dev, account) = (Dev::start().await, Account::new());
    dev.registers(ADA, "Ada", PASSWORD, &[]).await;
    dev.stdout(&["project", "create", "physics"]).await;
    dev.stdout(&["project", "create", "chemistry"]).await;
    dev.stdout(&["project", "member", "add", "physics", ADA]).await;
    account.sign_in(&dev.url(), ADA, PASSWORD).await;

    let listed = account.stdout(&["project", "list"]).await;
    assert!(listed.contains("physics") && !listed.contains("chemistry"), "{listed}");
    account.refused(&["project", "show", "chemistry"], 6).await;
    account.stdout(&["key", "issue", "laptop", "--project", "physics"]).await;
    let theirs = dev.json(&["key", "list", "--owner", ADA]).await;
    assert_eq!(theirs[0]["name"], "laptop");
    account.refused(&["project", "rename", "physics", "--name", "astronomy"], 4).await;

    dev.stdout(&["project", "member", "role", "physics", ADA, "owner"]).await;
    account.stdout(&["project", "rename", "physics", "--name", "astronomy"]).await;
    let members = dev.stdout(&["project", "member", "list", "astronomy"]).await;
    assert!(members.lines().any(|line| line.contains(ADA) && line.contains("owner")), "{members}");
    // The last owner stays.
    dev.refused(&["project", "member", "remove", "astronomy", ADA], 5).await;
}

#[tokio::test]
async fn an_admin_key_is_shown_once_works_as_far_as_its_access_goes_and_is_revoked() {
    let (dev, account) = (Dev::start().await, Account::new());
    let issued = dev.json(&["admin-key", "issue", "ci", "--access", "auditor"]).await;
    let (id, secret) = (issued["id"].as_str().unwrap(), issued["secret"].as_str().unwrap());
    let listed = dev.stdout(&["admin-key", "list", "--wide"]).await;
    assert!(listed.contains(id) && !listed.contains(secret), "{listed}");

    let url = dev.url();
    let environment = [("UPLION_URL", url.as_str()), ("UPLION_ADMIN_KEY", secret)];
    let told = account.ask(&["whoami"], &environment).await;
    assert!(told.stdout.contains("auditor") && told.stdout.contains(id), "{told:?}");
    let refused = account.ask(&["project", "create", "physics"], &environment).await;
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    dev.stdout(&["admin-key", "revoke", id]).await;
    let refused = account.ask(&["whoami"], &environment).await;
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    assert!(!refused.stderr.contains(secret), "{refused:?}");
}
