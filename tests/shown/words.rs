//! Words of the command line and settings: what is said of them is as safe as what is said of declarations.

use serde_json::json;

use super::{hostile, is_safe, raw, yaml};
use crate::support::{Repo, Run, weir};

#[test]
fn no_word_of_the_command_line_and_no_setting_writes_what_hides() {
    let repo = Repo::new(&[("a.yaml", "kind: Entity\nname: user\n")]);
    repo.run(&["-q", "apply", "-y"]).exits(0);
    let mut texts = hostile();
    texts.push("\u{1b}[31mred\u{1b}[0m".to_owned());
    let mut raw = raw();
    // What clap says of a word it colours itself; here nobody sees colours.
    raw.push('\u{1b}');
    for text in &texts {
        let template = [
            "WORD",
            "list WORD",
            "show WORD",
            "show Entity.WORD",
            "show WORD.plan",
            "columns WORD",
            "apply WORD.plan",
            "-C WORD plan",
            "-w WORD plan",
            "--registry WORD list",
            "--registry WORD://x plan",
            "workspace create WORD",
            "workspace select WORD",
            "workspace delete WORD",
            "plan --format WORD",
            "plan --suppress-recreate WORD",
            "plan --suppress-recreate Entity.WORD",
            "registry backup WORD/x",
            "init WORD/x/y",
            "completions WORD",
            "plan --WORD",
            "preview WORD",
            "log -n WORD",
        ];
        for line in template {
            for more in ["", " --format json", " --format markdown"] {
                let line = format!("{line}{more}");
                let arguments: Vec<String> = line.split(' ').map(|it| it.replace("WORD", text)).collect();
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                is_safe(&arguments, &repo.run(&arguments), &raw);
            }
        }
        for (name, value) in [("WEIR_WORKSPACE", text), ("WEIR_REGISTRY_URL", text), ("WEIR_NOW", text)] {
            is_safe(&[name], &Run::of(weir(repo.path()).env(name, value).args(["plan", "--format", "json"])), &raw);
        }
        let escaped = yaml(&json!(text));
        for setting in [
            "workspace = TEXT",
            "TEXT = 1",
            "[registry]\nurl = TEXT",
            "[TEXT]\na = 1",
            "[engine]\nTEXT = TEXT",
            "x = '",
        ] {
            let toml = setting.replace("TEXT", &escaped);
            let repo = Repo::new(&[("weir.toml", &toml), ("a.yaml", "kind: Entity\nname: user\n")]);
            for format in ["text", "json", "github", "markdown", "sarif"] {
                for command in ["validate", "plan"] {
                    let arguments = [command, "--format", format];
                    is_safe(&arguments, &repo.run(&arguments), &raw);
                }
            }
        }
    }
}
