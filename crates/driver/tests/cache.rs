//! The cache changes how long a check takes, never what it says.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use support::{World, config, load, standard};
use trigo_driver::{Bodies, Cache};
use trigo_loader::goroot::{Goroot, Origin};
use trigo_loader::graph::Graph;

const LIB: &str = r#"package lib

import "m/base"

const (
	Big   = 1 << 100
	Third = 1.0 / 3
	Wave  = 2i
	Text  = "a\xff"
	Huge  = 1e100000
)

type Number interface{ ~int | ~float64 }

type List[T any] struct {
	Head T
	Next *List[T]
	base.Root `tag`
}

func (l *List[T]) Push(x T) *List[T] { return &List[T]{Head: x, Next: l} }
func (l List[T]) Len() int          { return 1 }

type Pair[A, B any] = struct {
	First  A
	Second B
}

type Strings = List[string]
type Walker interface {
	base.Named
	Walk(func(Walker, ...int) error) (n int, err error)
	hidden()
}

var Words Strings
var Two Pair[int, string]
var Anonymous interface{ M(chan<- [3]map[string]base.Root) }

func Sum[T Number](xs ...T) (total T) {
	for _, x := range xs {
		total += x
	}
	return total
}
func Make[T any]() T { panic(0) }

type private int
func Leak() private { return 0 }
"#;

const BASE: &str = r#"package base

type Root struct{ ID int }

func (r *Root) Name() string { return "" }

type Named interface{ Name() string }
"#;

/// Everything that it says about `lib` and `base` has to come out of the archives.
const APP: &str = r#"package main

import "m/lib"

type walker struct{}

func (walker) Name() string { return "" }

func main() {
	var a int = lib.Big
	var b int = lib.Third
	var c string = lib.Wave
	var d [len(lib.Text) - 3]int
	_ = lib.Huge / lib.Huge * 300 + a
	var e int = lib.Words.Next.Head
	lib.Words.Push(1).Push("x")
	var w lib.Walker = walker{}
	w = &lib.Words
	var p lib.Pair[string, string] = lib.Two
	lib.Sum("a")
	lib.Make()
	lib.Anonymous.M(1)
	lib.Leak() = ""
	lib.private(0)
	lib.nothing()
	lib.Words.Id = lib.Words.ID + ""
	lib.Words.tag()
	var n interface{ Name() int } = &lib.Words
	_ = lib.List[int, int]{}
}
"#;

impl World {
    fn new() -> World {
        let world = World::empty();
        world.write("m/base/base.go", BASE);
        world.write("m/lib/lib.go", LIB);
        world.write("m/app/app.go", APP);
        world
    }

    fn graph(&self) -> Graph {
        let goroot = Goroot::open(&self.path("goroot"), Origin::Flag).unwrap();
        load(&config(goroot, &self.path("m")), &["./app"])
    }

    fn errors(&self, cache: Option<&Cache>) -> Vec<String> {
        texts(trigo_driver::check_cached(&self.graph(), cache).errors())
    }

    fn cache(&self) -> Cache {
        Cache::new(self.path("cache"))
    }

    fn entries(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(self.path("cache")).into_iter().flatten().flatten();
        let files = files.map(|file| file.path()).filter(|path| !path.ends_with("trimmed"));
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

fn texts(errors: Vec<trigo_loader::Error>) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn what_comes_from_the_cache_leads_to_the_same_errors() {
    let world = World::new();
    let plain = world.errors(None);
    assert!(plain.len() > 20, "{plain:#?}");
    let place = world.path("m/lib/lib.go").display().to_string();
    assert!(plain.iter().any(|error| error.contains(&place)), "a place in lib: {plain:#?}");
    assert_eq!(world.errors(Some(&world.cache())), plain);
    assert_eq!(world.entries().len(), 2);
    assert_eq!(world.errors(Some(&world.cache())), plain);
}

#[test]
fn a_change_inside_of_functions_is_one_for_its_package_alone() {
    let world = World::new();
    world.write("m/app/app.go", "package main\nimport \"m/lib\"\nfunc main() { lib.Leak() }\n");
    let check = |count: usize| {
        assert_eq!(world.errors(Some(&world.cache())), [""; 0]);
        assert_eq!(world.entries().len(), count);
    };
    check(3);
    check(3);
    world.write("m/base/base.go", &BASE.replace("return \"\"", "\n\t// longer\n\treturn \"x\""));
    check(4);
    // A field more changes what all see that import it, even by way of another package.
    world.write("m/base/base.go", &BASE.replace("ID int", "ID, More int"));
    check(7);
    // As it was.
    world.write("m/base/base.go", BASE);
    check(7);
    world.write("m/lib/lib.go", &LIB.replace("func Leak()", "func Leak(int)"));
    assert!(
        world.errors(Some(&world.cache()))[0].contains("not enough arguments in call to lib.Leak")
    );
}

#[test]
fn damaged_entries_are_made_anew() {
    let world = World::new();
    let plain = world.errors(Some(&world.cache()));
    let entries = world.entries();
    for damage in 0..4 {
        for (path, bytes) in &entries {
            let mut bytes = bytes.clone();
            let end = bytes.len() - 1;
            match damage {
                0 => bytes.truncate(end / 2),
                1 => bytes.clear(),
                // In the head, and in what the package declares.
                2 => bytes[40] ^= 0x40,
                _ => bytes[210] ^= 0x40,
            }
            fs::write(path, bytes).unwrap();
        }
        assert_eq!(world.errors(Some(&world.cache())), plain);
        assert_eq!(world.entries(), entries);
    }
}

#[test]
fn bodies_are_kept_and_damage_to_them_is_noticed() {
    let world = World::new();
    world.errors(Some(&world.cache()));
    let archived = || {
        let program = trigo_driver::check_cached(&world.graph(), Some(&world.cache()));
        let packages = program.packages.iter();
        packages.map(trigo_driver::Package::archived_bodies).collect::<Vec<_>>()
    };
    let has = |bodies: &Option<Vec<u8>>, text: &str| {
        let bodies = bodies.as_ref().unwrap();
        bodies.windows(text.len()).any(|part| part == text.as_bytes())
    };
    let [base, lib, app] = &archived()[..] else { panic!("three packages") };
    assert!(has(base, "return \"\""));
    assert!(has(lib, "total += x") && has(lib, "&List[T]{Head: x, Next: l}"));
    assert_eq!(*app, None, "it has errors");
    let entries = world.entries();
    for (path, bytes) in &entries {
        let mut bytes = bytes.clone();
        *bytes.last_mut().unwrap() ^= 0x40;
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(archived(), [None, None, None], "damage is noticed when they are read");
    world.errors(Some(&world.cache()));
    assert_eq!(world.entries(), entries, "they are made anew");
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let world = World::new();
    world.write("cache", "a file");
    assert_eq!(world.errors(Some(&world.cache())), world.errors(None));
}

#[test]
fn several_at_once_say_the_same() {
    let world = World::new();
    let plain = world.errors(None);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(world.errors(Some(&world.cache())), plain));
        }
    });
    assert_eq!(world.entries().len(), 2);
}

/// What is read from an archive and written again is the same archive, for real packages with all they import.
#[test]
fn the_standard_library_comes_back() {
    let graph = standard(&["net/http", "go/types", "encoding/json", "iter", "maps"]);
    let program = trigo_driver::check(&graph, Bodies::Roots);
    assert_eq!(texts(program.errors()), [""; 0]);
    let copy = trigo_types::Store::new(program.interner.clone());
    let mut known = BTreeMap::from([("unsafe".to_string(), trigo_types::UNSAFE)]);
    for (id, source) in graph.iter() {
        let package = program.package(id);
        let pkg = package.pkg.expect("it was checked");
        let first = package.files[0].id();
        let archive = trigo_types::archive::write_package(&program.store, pkg, first)
            .unwrap_or_else(|| panic!("{} cannot be written", source.path));
        let mut import = |path: &str| known.get(path).copied();
        let read = trigo_types::archive::read_package(&copy, &archive, first, &mut import)
            .unwrap_or_else(|error| panic!("{}: {error}", source.path));
        let again = trigo_types::archive::write_package(&copy, read, first);
        assert!(again.as_ref() == Some(&archive), "{} is another one", source.path);
        known.insert(source.path.clone(), read);
    }
    assert!(known.len() > 180);
}
