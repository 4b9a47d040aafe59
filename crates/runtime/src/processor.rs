//! Whether the processor has what compiled code takes for granted.
//!
//! Code is made for x86-64 of the third level (psABI, 2013 and later) and uses its instructions without asking, so that an
//! older processor would end the program by SIGILL at some odd place. This library itself is compiled for any x86-64.

/// Ends the program with a message if the processor is too old.
pub(crate) fn check() {
    let features = [
        ("avx", std::is_x86_feature_detected!("avx")),
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("bmi1", std::is_x86_feature_detected!("bmi1")),
        ("bmi2", std::is_x86_feature_detected!("bmi2")),
        ("f16c", std::is_x86_feature_detected!("f16c")),
        ("fma", std::is_x86_feature_detected!("fma")),
        ("lzcnt", std::is_x86_feature_detected!("lzcnt")),
        ("movbe", std::is_x86_feature_detected!("movbe")),
        ("popcnt", std::is_x86_feature_detected!("popcnt")),
    ];
    if let Some(message) = complaint(&features) {
        eprintln!("{message}");
        std::process::exit(1);
    }
}

/// What to say of a processor that lacks some features.
fn complaint(features: &[(&str, bool)]) -> Option<String> {
    let missing: Vec<&str> =
        features.iter().filter(|(_, has)| !has).map(|(name, _)| *name).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "this program needs a processor of the level x86-64-v3; this one, or the virtual machine's, lacks {}",
            missing.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn only_what_is_missing_is_named() {
        assert_eq!(complaint(&[("avx", true), ("fma", true)]), None);
        let message = complaint(&[("avx", true), ("bmi2", false), ("fma", false)]).unwrap();
        assert!(message.contains("x86-64-v3") && message.ends_with("lacks bmi2, fma"), "{message}");
    }
}
