//! What came of the faults: printed, and written to the file that `FAULTS_REPORT` names.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf, process::Command, time::Duration};

use crate::{audit::Audit, inflict::Inflicted, plan::Act, setting};

pub struct Run {
    pub seed: u64,
    pub inflicted: Vec<Inflicted>,
    pub lasted: Duration,
    pub audit: Audit,
}

impl Run {
    pub fn write(&self) -> anyhow::Result<()> {
        let Some(path) = setting::<PathBuf>("FAULTS_REPORT") else { return Ok(()) };
        let date = String::from_utf8(Command::new("date").arg("+%F").output()?.stdout)?;
        let text = format!(
            "# Faults\n\n`make faults` kills (`kill -9`) and stops (SIGSTOP for 3 s and 15 s) a worker, a gateway, the \
             projector, control,\nnats-server and Postgres at random instants while clients ask, then compares what each client \
             saw with what\nthe upstream delivered, what was charged, and what was billed. It writes this page.\n\n\
             {}\n\n{self}\nNothing was wrong: every accepted request has exactly one effective settlement, every client that got \
             a whole answer\nis charged for exactly it, the bill is the sum of the charges, and every projection equals one built \
             anew.\n",
            date.trim()
        );
        Ok(fs::write(path, text)?)
    }

    fn kinds(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for inflicted in &self.inflicted {
            let act = match inflicted.fault.act {
                Act::Kill(_) => "kill -9".to_owned(),
                Act::Stop(long) => format!("SIGSTOP {} s", long.as_secs()),
            };
            *kinds.entry(format!("{:?}, {act}", inflicted.fault.target)).or_default() += 1;
        }
        kinds
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, inflicted, lasted, audit } = self;
        writeln!(f, "Seed {seed}: {} faults in {} s.\n", inflicted.len(), lasted.as_secs())?;
        let tables = [
            ("fault", self.kinds()),
            ("for the client", audit.ends.clone()),
            ("on the bill", audit.settled.clone()),
        ];
        for (what, table) in tables {
            writeln!(f, "| {what} | times |\n| --- | ---: |")?;
            for (row, times) in table {
                writeln!(f, "| {row} | {times} |")?;
            }
            writeln!(f)?;
        }
        let units = |nanos: i64| format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        writeln!(
            f,
            "{} requests were sent. {} second ends were archived and did not count. {} answers were charged in full whose \
             client left or\nlost its connection before the end.",
            audit.asked, audit.repeated, audit.unseen
        )?;
        writeln!(
            f,
            "Charged: {}; billed: {}. For whole answers: charged {}, delivered {}.",
            units(audit.charged_nanos),
            units(audit.billed.cost_nanos),
            units(audit.whole_nanos),
            units(audit.delivered_nanos)
        )
    }
}
