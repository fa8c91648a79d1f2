//! Users, as people see them.

use serde::Deserialize;

use crate::cli::{
    output::facts,
    table::{Column, Table, table},
};

#[derive(Deserialize)]
pub struct View {
    id: String,
    name: Option<String>,
    email: Option<String>,
    access: String,
    sign_in: String,
    status: String,
    registered_at: String,
    password_changed_at: Option<String>,
    disabled_at: Option<String>,
    erased_at: Option<String>,
}

pub fn list_table(users: &[View]) -> Table {
    let columns = [
        Column::Text("E-MAIL"),
        Column::Text("NAME"),
        Column::Text("ID"),
        Column::Text("ACCESS"),
        Column::Aside("SIGN-IN"),
        Column::Text("STATUS"),
        Column::Aside("REGISTERED"),
    ];
    let row = |user: &View| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let View { id, name, email, access, sign_in, status, registered_at, .. } = user;
        let known = [text(email), text(name)];
        known
            .into_iter()
            .chain([id, access, sign_in, status, registered_at].map(Clone::clone))
            .collect()
    };
    table(&columns, &users.iter().map(row).collect::<Vec<_>>())
}

impl View {
    pub fn details(self) -> String {
        facts(&[
            ("e-mail", self.email),
            ("name", self.name),
            ("id", Some(self.id)),
            ("access", Some(self.access)),
            ("sign-in", Some(self.sign_in)),
            ("status", Some(self.status)),
            ("registered", Some(self.registered_at)),
            ("password changed", self.password_changed_at),
            ("disabled", self.disabled_at),
            ("erased", self.erased_at),
        ])
    }
}
