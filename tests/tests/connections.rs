//! Every process gets in at NATS by flags, by variables and by the configuration file, and says no secret of it.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

use std::{fs, path::PathBuf};

use uplion_tests::{
    certificates::{Authority, Validity},
    http,
    installation::ADMIN_KEY,
    nats::{Operator, Server},
    postgres::{self, Version},
    scratch,
    uplion::{self, Role},
    wait,
};

/// A server that wants TLS, a client certificate and a user's JWT.
struct Guarded {
    // Held, so that it runs.
    _server: Server,
    /// Names of flags, and what they are to say.
    access: [(&'static str, String); 5],
    folder: PathBuf,
}

impl Guarded {
    async fn start() -> Self {
        let (authority, operator) = (Authority::new(Validity::Now).unwrap(), Operator::default());
        let own = authority.server(&["127.0.0.1"], Validity::Now).unwrap();
        let client = authority.client("uplion", Validity::Now).unwrap();
        let tls = format!(
            "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true, timeout: 5 }}",
            own.certificate.display(),
            own.key.display(),
            authority.file().display(),
        );
        let lines = format!("{}\n{tls}", operator.lines().unwrap());
        let server = Server::with_access(&lines).await.unwrap();
        let folder = scratch::folder("connections").unwrap();
        let credentials = folder.join("uplion.creds");
        operator.write_credentials(&credentials, None).unwrap();
        let text = |path: &std::path::Path| path.display().to_string();
        let access = [
            ("nats-url", format!("tls://127.0.0.1:1,tls://{}", server.address())),
            ("nats-credentials", text(&credentials)),
            ("nats-root-certificates", text(authority.file())),
            ("nats-client-certificate", text(&client.certificate)),
            ("nats-client-key", text(&client.key)),
        ];
        Self { _server: server, access, folder }
    }

    fn flags(&self, role: Role) -> Role {
        let flags = self.access.iter();
        flags.fold(role, |role, (flag, value)| role.option(&format!("--{flag}"), value))
    }

    fn variables(&self) -> Vec<(String, &str)> {
        let variable = |flag: &str| format!("UPLION_{}", flag.to_uppercase().replace('-', "_"));
        self.access.iter().map(|(flag, value)| (variable(flag), value.as_str())).collect()
    }

    fn file(&self) -> PathBuf {
        let lines = self.access.iter().map(|(flag, value)| format!("{flag} = '{value}'\n"));
        let file = self.folder.join("uplion.toml");
        fs::write(&file, lines.collect::<String>()).unwrap();
        file
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_gets_in_by_flags_by_variables_and_by_the_file() {
    let guarded = Guarded::start().await;
    let postgres = postgres::Server::shared(Version::V15).await;
    let database = postgres.database().await.unwrap();
    let file = guarded.file();
    let control = Role::new("control")
        .option("--config", &file)
        .option("--database-url", &database)
        .env("UPLION_ADMIN_KEY", ADMIN_KEY)
        .launch()
        .unwrap();
    let gateway = guarded.flags(Role::new("gateway")).start().await.unwrap();
    let by_variables = |role: Role| {
        let variables = guarded.variables();
        variables.into_iter().fold(role, |role, (name, value)| role.env(&name, value))
    };
    let worker = by_variables(Role::new("worker")).start().await.unwrap();
    let projector = Role::new("projector")
        .env("UPLION_CONFIG", &file)
        .env("UPLION_DATABASE_URL", &database)
        .start()
        .await
        .unwrap();
    control.ready().await.unwrap();

    let variables = guarded.variables();
    let mut environment: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    environment.push(("UPLION_DATABASE_URL", &database));
    let epoch = uplion::run(&["log", "epoch"], &environment).await.unwrap();
    assert!(epoch.status.success() && epoch.stdout.contains("CONTROL"), "{epoch:?}");
    let (url, home) = (control.url(), guarded.folder.display().to_string());
    environment.extend([
        ("UPLION_URL", url.as_str()),
        ("UPLION_ADMIN_KEY", ADMIN_KEY),
        ("HOME", &home),
    ]);
    let doctor = uplion::run(&["doctor", "--json"], &environment).await.unwrap();
    assert!(doctor.stdout.contains("\"broker.ok\""), "{doctor:?}");
    assert!(doctor.stdout.contains("nats-server's clock is as this machine's"), "{doctor:?}");
    let clocks = ["server=\"nats\"", "server=\"postgres\""];
    let known = [
        (&control, &clocks[..]),
        (&projector, &clocks),
        (&gateway, &clocks[..1]),
        (&worker, &clocks[..1]),
    ];
    for (role, clocks) in known {
        wait::until(wait::PATIENCE, "the clocks to be compared", async || {
            let asked = http::client().get(format!("{}/metrics", role.url())).send();
            let metrics = asked.await.unwrap().text().await.unwrap();
            let compared =
                |clock: &&str| metrics.contains(&format!("uplion_clock_offset_seconds{{{clock}}}"));
            clocks.iter().all(compared)
        })
        .await
        .unwrap();
    }
    for role in [&control, &gateway, &worker, &projector] {
        assert!(!role.output().contains("NKEY SEED"), "{}", role.output());
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_what_to_change_and_nobody_reads_the_secret() {
    let lines = "authorization { users: [{ user: me, password: \"pa55@word\" }] }";
    let server = Server::with_access(lines).await.unwrap();
    let address = format!("nats://{}", server.address());
    let wrong = [("UPLION_NATS_USER", "me"), ("UPLION_NATS_PASSWORD", "canary-1")];
    let told = uplion::run(&["log", "epoch", "--nats-url", &address], &wrong).await.unwrap();
    let said = "the server refuses the user and password: correct --nats-user and --nats-password";
    assert!(!told.status.success() && told.stderr.contains(said), "{told:?}");
    assert!(!told.stderr.contains("canary") && told.stderr.lines().count() == 1, "{told:?}");

    // What does not fit together is not waited for.
    let url = format!("nats://me:canary-2@{}", server.address());
    let arguments = ["worker", "--listen", "127.0.0.1:0", "--nats-url", &url];
    let told = uplion::run(&arguments, &wrong).await.unwrap();
    assert!(!told.status.success() && told.stderr.contains("both say who this is"), "{told:?}");
    assert!(!told.stderr.contains("canary"), "{told:?}");

    // Whatever is logged: once where it waits, and once where it is let in.
    let role = |password: &str| {
        Role::new("gateway")
            .option("--nats-url", &address)
            .option("--nats-user", "me")
            .env("UPLION_NATS_PASSWORD", password)
            .env("RUST_LOG", "trace")
    };
    let waits = role("canary-3").launch().unwrap();
    wait::until(wait::PATIENCE, "it to say why it waits", async || waits.output().contains(said))
        .await
        .unwrap();
    let works = role("pa55@word").start().await.unwrap();
    let url = format!("nats://me:pa55%40word@{}", server.address());
    let by_url = Role::new("gateway").option("--nats-url", url).env("RUST_LOG", "trace");
    let by_url = by_url.start().await.unwrap();
    for output in [waits.output(), works.output(), by_url.output()] {
        for secret in ["canary", "pa55@word", "pa55%40word"] {
            assert!(!output.contains(secret), "{secret}: {output}");
        }
    }
}
