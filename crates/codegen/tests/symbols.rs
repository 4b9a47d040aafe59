//! Executables name their functions for profilers.

mod common;

use object::{Object, ObjectSection, ObjectSymbol};

#[test]
fn each_function_has_a_symbol_where_its_code_is() {
    let text = "func runtime.main() (int) {\nb0():\n  v0: i64 = iconst 42\n  return v0\n}\n";
    let program = trigo_ir::text::parse_program(text).expect("text that can be read");
    let file = common::compile(&program);
    let elf = object::File::parse(&*file).expect("an executable");
    let found = |name: &str| {
        let symbol = elf.symbols().find(|symbol| symbol.name() == Ok(name)).expect(name);
        let section = elf.section_by_index(symbol.section_index().expect(name)).expect(name);
        assert_eq!(section.name(), Ok(".text"));
        section.data_range(symbol.address(), symbol.size()).ok().flatten().expect(name).to_vec()
    };
    let code = found("runtime.main");
    // It begins by keeping the frame pointer and ends by returning.
    assert_eq!((code.first(), code.last()), (Some(&0x55), Some(&0xc3)), "{code:x?}");
    // The runtime's functions are there too; a label reaches to the next one.
    assert!(!found("_start").is_empty());
    assert_eq!(common::run(&program), 42);
}
