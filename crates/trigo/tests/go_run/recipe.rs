//! What the first line of a test says.

/// How a test is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file is a program.
    Run,
    /// The file is a program that prints the program to run.
    RunOutput,
    /// The files in the folder beside it are packages, one of them the program.
    RunDir,
    /// The folder beside it is a module.
    RunInDir,
}

/// What to do with a test.
#[derive(Debug, PartialEq, Eq)]
pub struct Recipe {
    /// How it is run.
    pub kind: Kind,
    /// Flags for the compiler.
    pub build_flags: Vec<String>,
    /// Arguments of the program; for [`Kind::RunOutput`], more source files.
    pub arguments: Vec<String>,
    /// Variables for both.
    pub environment: Vec<(String, String)>,
    /// How long it may run.
    pub seconds: Option<u64>,
    /// In a folder, whether each file is a package of its own, whatever its name.
    pub file_is_package: bool,
    /// The language version of a module.
    pub module_version: Option<String>,
}

impl Recipe {
    /// Reads a test's text. None if the test is not of a kind that is run, or not for linux/amd64 without cgo.
    pub fn read(text: &str) -> Option<Recipe> {
        let header = text.split("\npackage").next().unwrap_or(text);
        if !header.lines().filter_map(|line| line.strip_prefix("//go:build ")).all(holds) {
            return None;
        }
        let is_constraint =
            |line: &&str| line.starts_with("//go:build") || line.starts_with("// +build");
        let line = text.lines().find(|line| !is_constraint(line) && !line.trim().is_empty())?;
        let mut words = words(line.strip_prefix("//")?.trim()).into_iter().peekable();
        let kind = match words.next()?.as_str() {
            "run" | "buildrun" => Kind::Run,
            "runoutput" => Kind::RunOutput,
            "rundir" | "buildrundir" | "errorcheckandrundir" => Kind::RunDir,
            "runindir" => Kind::RunInDir,
            _ => return None,
        };
        let mut recipe = Recipe {
            kind,
            build_flags: Vec::new(),
            arguments: Vec::new(),
            environment: Vec::new(),
            seconds: None,
            file_is_package: false,
            module_version: None,
        };
        while let Some(flag) = words.next_if(|word| word.starts_with('-')) {
            match flag.as_str() {
                "-0" | "-1" => {}
                "-s" => recipe.file_is_package = true,
                "-t" => recipe.seconds = words.next()?.parse().ok(),
                "-gomodversion" => recipe.module_version = words.next(),
                "-goexperiment" => recipe.environment.push(("GOEXPERIMENT".into(), words.next()?)),
                "-godebug" => recipe.environment.push(("GODEBUG".into(), words.next()?)),
                _ => recipe.build_flags.push(flag),
            }
        }
        recipe.arguments = words.collect();
        Some(recipe)
    }
}

/// Splits a line at spaces outside of quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            (_, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (' ' | '\t', None) => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a build constraint holds for linux/amd64 without cgo, as Go's runner of these tests has it.
fn holds(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('!', " ! ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    either(&mut tokens.iter().copied().peekable())
}

type Tokens<'t> = std::iter::Peekable<std::iter::Copied<std::slice::Iter<'t, &'t str>>>;

fn either(tokens: &mut Tokens<'_>) -> bool {
    let mut value = both(tokens);
    while tokens.next_if_eq(&"||").is_some() {
        value |= both(tokens);
    }
    value
}

fn both(tokens: &mut Tokens<'_>) -> bool {
    let mut value = single(tokens);
    while tokens.next_if_eq(&"&&").is_some() {
        value &= single(tokens);
    }
    value
}

fn single(tokens: &mut Tokens<'_>) -> bool {
    match tokens.next() {
        Some("!") => !single(tokens),
        Some("(") => {
            let value = either(tokens);
            tokens.next();
            value
        }
        Some(tag) => {
            let experiment = ["regabiwrappers", "regabiargs", "greenteagc", "jsonv2"];
            let experiment = |e: &str| experiment.contains(&e);
            matches!(tag, "linux" | "amd64" | "unix" | "gc" | "go1.27")
                || tag.strip_prefix("goexperiment.").is_some_and(experiment)
                || tag
                    .strip_prefix("go1.")
                    .and_then(|n| n.parse().ok())
                    .is_some_and(|n: u32| n <= 27)
        }
        None => true,
    }
}
