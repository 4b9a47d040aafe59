package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"runtime"
	"sync"
)

// A program is checked as golang.org/x/tools/go/packages does it: each package in a goroutine of its own that waits
// for those it imports, and as many files at once as there are processors.
type program struct {
	context build.Context
	src     string
	bodies  func(path string) bool
	files   *token.FileSet
	slots   chan struct{}

	mu       sync.Mutex
	packages map[string]*node
}

type node struct {
	done chan struct{}
	pkg  *types.Package
	err  error
}

func checkTypes(root string, all bool, path string) error {
	context := build.Default
	context.GOROOT = root
	context.CgoEnabled = false
	p := &program{
		context:  context,
		src:      filepath.Join(root, "src"),
		bodies:   func(of string) bool { return all || of == path },
		files:    token.NewFileSet(),
		slots:    make(chan struct{}, runtime.GOMAXPROCS(0)),
		packages: map[string]*node{},
	}
	n := p.start(path, p.src)
	<-n.done
	if n.err == nil {
		fmt.Println(len(p.packages))
	}
	return n.err
}

// start begins to check the package that path means in a folder, unless that has begun.
func (p *program) start(path, from string) *node {
	if path == "unsafe" {
		n := &node{done: make(chan struct{}), pkg: types.Unsafe}
		close(n.done)
		return n
	}
	found, err := p.context.Import(path, from, build.FindOnly)
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.packages[found.ImportPath]
	if n == nil {
		n = &node{done: make(chan struct{}), err: err}
		p.packages[found.ImportPath] = n
		go p.check(n, found.Dir, found.ImportPath)
	}
	return n
}

func (p *program) check(n *node, dir, path string) {
	defer close(n.done)
	if n.err != nil {
		return
	}
	found, err := p.context.ImportDir(dir, 0)
	if err != nil {
		n.err = err
		return
	}
	imports := imports{}
	for _, imported := range found.Imports {
		imports[imported] = p.start(imported, dir)
	}
	files, err := p.parse(found)
	if err != nil {
		n.err = err
		return
	}
	for _, imported := range imports {
		if <-imported.done; imported.err != nil {
			n.err = imported.err
			return
		}
	}
	info := &types.Info{
		Types:        map[ast.Expr]types.TypeAndValue{},
		Instances:    map[*ast.Ident]types.Instance{},
		Defs:         map[*ast.Ident]types.Object{},
		Uses:         map[*ast.Ident]types.Object{},
		Implicits:    map[ast.Node]types.Object{},
		Selections:   map[*ast.SelectorExpr]*types.Selection{},
		FileVersions: map[*ast.File]string{},
	}
	config := types.Config{
		Importer:         imports,
		Sizes:            types.SizesFor("gc", "amd64"),
		IgnoreFuncBodies: !p.bodies(path),
	}
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	n.pkg, n.err = config.Check(path, p.files, files, info)
}

func (p *program) parse(found *build.Package) ([]*ast.File, error) {
	files := make([]*ast.File, len(found.GoFiles))
	errors := make([]error, len(files))
	var group sync.WaitGroup
	for i, name := range found.GoFiles {
		group.Go(func() {
			p.slots <- struct{}{}
			defer func() { <-p.slots }()
			name := filepath.Join(found.Dir, name)
			files[i], errors[i] = parser.ParseFile(p.files, name, nil, parser.SkipObjectResolution)
		})
	}
	group.Wait()
	for _, err := range errors {
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// imports are a package's imports by the path as written.
type imports map[string]*node

func (i imports) Import(path string) (*types.Package, error) {
	if n := i[path]; n != nil {
		return n.pkg, n.err
	}
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	return nil, fmt.Errorf("no package %s", path)
}
