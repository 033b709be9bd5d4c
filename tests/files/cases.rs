//! Every file of `tests/files/cases`, hardened: what must hold holds, and the text is the one beside it.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;

use crate::support::{self, Outcome};
use crate::{corpus, yaml};

pub(crate) fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/cases")
}

pub(crate) fn all() -> Result<(), Failed> {
    let mut seen = 0;
    for path in corpus::files(&folder(), &["yaml", "json"]) {
        let text = yaml::read(&path)?;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let said = match support::harden(&text, "strict") {
            Outcome::Same => "nothing is to be done\n".to_owned(),
            Outcome::Failed(reason) => format!("left as it is: {reason}\n"),
            Outcome::Hardened(hardened) => {
                support::is_right(&text, &hardened, "strict")
                    .map_err(|why| format!("{name}: {why}"))?;
                if name.ends_with(".json") {
                    serde_json::from_str::<serde_json::Value>(&hardened)
                        .map_err(|error| format!("{name}: {error}"))?;
                }
                hardened
            }
        };
        let expected = path.with_extension(format!(
            "{}.hardened",
            path.extension().unwrap().to_string_lossy()
        ));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &said)?;
        }
        let expected = fs::read_to_string(&expected)
            .map_err(|_| format!("{name} has no .hardened: UPDATE=1"))?;
        if said != expected {
            return Err(format!("{name} became\n{said}\nand not\n{expected}").into());
        }
        seen += 1;
    }
    assert!(seen >= 15, "{seen}");
    Ok(())
}
