//! The completions are programs in the language of each shell.

use std::process::Command;

use uplion_tests::{scratch, uplion};

async fn script(shell: &str) -> String {
    let answer = uplion::run(&["completions", shell], &[]).await.unwrap();
    assert!(answer.status.success(), "{answer:?}");
    answer.stdout
}

/// None if there is no such shell on this machine.
fn reads(shell: &str, arguments: &[&str], script: &str) -> Option<bool> {
    let file = scratch::folder("completions").unwrap().join("script");
    std::fs::write(&file, script).unwrap();
    let ended = Command::new(shell).args(arguments).arg(&file).output();
    ended.ok().map(|output| output.status.success() && output.stderr.is_empty())
}

#[tokio::test]
async fn each_shell_reads_its_completions() {
    assert_eq!(reads("bash", &["-n"], &script("bash").await), Some(true));
    assert_eq!(reads("bash", &["-n"], "if then"), Some(false), "bash looks at what it reads");
    assert_ne!(reads("zsh", &["-n"], &script("zsh").await), Some(false));
    assert_ne!(reads("fish", &["--no-execute"], &script("fish").await), Some(false));
}

#[tokio::test]
async fn bash_completes_a_command_and_its_flags() {
    let script = script("bash").await;
    let completes = |words: &[&str]| {
        let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let ask = format!(
            "{script}\nCOMP_WORDS=({typed}); COMP_CWORD={}; _uplion uplion '{}' ''; echo \"${{COMPREPLY[*]}}\"",
            words.len() - 1,
            words.last().unwrap(),
        );
        // A file: the script is longer than an argument may be.
        let file = scratch::folder("completions").unwrap().join("ask");
        std::fs::write(&file, ask).unwrap();
        let output = Command::new("bash").arg(&file).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(completes(&["uplion", "proj"]), "projector projection project");
    assert_eq!(completes(&["uplion", "key", "rev"]), "revoke");
    assert_eq!(completes(&["uplion", "key", "revoke", "--rea"]), "--reason");
}

#[tokio::test]
async fn no_shell_gets_completions_of_another() {
    let answer = uplion::run(&["completions", "cmd"], &[]).await.unwrap();
    assert_eq!(answer.status.code(), Some(2));
    assert!(answer.stderr.contains("bash, zsh or fish"), "{answer:?}");
}
