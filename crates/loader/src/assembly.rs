//! What Trigo reads of assembly: functions that do nothing but jump to another one.
//!
//! Trigo compiles no assembly. But packages such as golang.org/x/sys/unix use it to give functions of other packages names
//! of their own: `TEXT ·Syscall(SB),NOSPLIT,$0-56` and `JMP syscall·Syscall(SB)`. That needs no assembler: the first name
//! is another one for the second. The syntax is that of <https://go.dev/doc/asm>.

/// A function that is another one under a name of its own package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Its name in the package.
    pub name: String,
    /// The link name of the other.
    pub target: String,
}

/// The jumps in the text of a file, in their order.
///
/// ```
/// let jumps = trigo_loader::assembly::jumps(
///     "#include \"textflag.h\"\nTEXT ·Syscall(SB),NOSPLIT,$0-56\n\tJMP\tsyscall·Syscall(SB) // the same\n",
/// );
/// assert_eq!((&*jumps[0].name, &*jumps[0].target), ("Syscall", "syscall.Syscall"));
/// ```
pub fn jumps(source: &str) -> Vec<Jump> {
    let source = without_comments(source);
    let mut functions: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in source.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty()) {
        match (operands(line, "TEXT"), functions.last_mut()) {
            (Some(declared), _) => functions.push((declared, Vec::new())),
            // Directives of the preprocessor may stand anywhere; those that choose among instructions leave several.
            (None, Some((_, instructions))) if !line.starts_with('#') => instructions.push(line),
            _ => {}
        }
    }
    functions.iter().filter_map(|(declared, instructions)| jump(declared, instructions)).collect()
}

fn jump(declared: &str, instructions: &[&str]) -> Option<Jump> {
    let [only] = instructions else { return None };
    let name = symbol(declared)?.strip_prefix('.')?.to_string();
    let target = symbol(operands(only, "JMP")?)?;
    let names_package = !target.starts_with('.');
    (names_package && target.contains('.')).then_some(Jump { name, target })
}

/// What follows an instruction.
fn operands<'l>(line: &'l str, instruction: &str) -> Option<&'l str> {
    let rest = line.strip_prefix(instruction)?;
    rest.starts_with([' ', '\t']).then(|| rest.trim_start())
}

/// The link name of a symbol that is written relative to the static base; it begins with a dot if it names no package.
fn symbol(operand: &str) -> Option<String> {
    let (written, _) = operand.split_once("(SB)")?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '·' | '∕' | '-');
    let plain = !written.is_empty() && written.chars().all(is_name);
    plain.then(|| written.replace('·', ".").replace('∕', "/"))
}

fn without_comments(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("/*").into_iter().chain(rest.find("//")).min() {
        text.push_str(&rest[..at]);
        let end = if rest[at..].starts_with("/*") {
            rest[at..].find("*/").map(|length| at + length + 2)
        } else {
            rest[at..].find('\n').map(|length| at + length)
        };
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(String, String)> {
        jumps(source).into_iter().map(|jump| (jump.name, jump.target)).collect()
    }

    fn pair(name: &str, target: &str) -> (String, String) {
        (name.to_string(), target.to_string())
    }

    #[test]
    fn functions_that_only_jump_to_another_package_are_found() {
        let source = "#include \"textflag.h\"\n\n/* TEXT ·Hidden(SB),0,$0\n JMP a·B(SB) */\n\
            TEXT\t·Syscall(SB), NOSPLIT, $0-56 // here\n\tJMP\tsyscall·Syscall(SB)\n\
            TEXT ·load(SB),NOSPLIT,$0-16; JMP internal∕runtime∕atomic·Load(SB)\n";
        let expected =
            [pair("Syscall", "syscall.Syscall"), pair("load", "internal/runtime/atomic.Load")];
        assert_eq!(found(source), expected);
    }

    #[test]
    fn whatever_does_more_is_none() {
        for body in [
            "",
            "\tRET\n",
            "\tMOVQ $1, AX\n\tJMP a·B(SB)\n",
            "\tJMP a·B(SB)\n\tRET\n",
            "\tJMP ·own(SB)\n",
            "\tJMP AX\n",
            "\tJMP a·B<>(SB)\n",
            "#ifdef X\n\tJMP a·B(SB)\n#else\n\tJMP a·C(SB)\n#endif\n",
        ] {
            assert_eq!(found(&format!("TEXT ·f(SB),NOSPLIT,$0\n{body}")), [], "{body}");
        }
        assert_eq!(found("TEXT other·f(SB),NOSPLIT,$0\n\tJMP a·B(SB)\n"), []);
        assert_eq!(found("/* not closed\nTEXT ·f(SB),0,$0\n\tJMP a·B(SB)\n"), []);
    }
}
