// Files that are embedded, in variables of each kind.
package main

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/template"
)

type blob []byte

//go:embed embedded/hello.txt
var text string

//go:embed embedded/hello.txt
var _ string

var (
	//go:embed embedded/deep/bytes.bin
	bytes []byte
	//go:embed embedded/hello.txt
	named blob
	//go:embed embedded/empty/nothing
	nothing string
	// Only declared.
	none embed.FS
)

//go:embed embedded embedded/hello.txt
var folder embed.FS

//go:embed all:embedded
//go:embed "embed.go"
var all embed.FS

//go:embed embedded/*.txt `embedded/deep/er/page.tmpl`
var some embed.FS

func list(name string, files fs.FS) {
	fmt.Println(name)
	fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			fmt.Println("\t", path, err)
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size := info.Size()
		if path == "embed.go" {
			size = 0
		}
		fmt.Println("\t", path, d.IsDir(), info.Mode(), size, info.ModTime().IsZero())
		return nil
	})
}

func main() {
	fmt.Printf("%q %q %q %q\n", text, bytes, named, nothing)
	bytes[0] = 'z'
	named = append(named, '!')
	fmt.Printf("%q %q\n", bytes, named)
	list("none", none)
	list("folder", folder)
	list("all", all)
	list("some", some)
	data, err := folder.ReadFile("embedded/hello.txt")
	fmt.Printf("%q %v\n", data, err)
	_, err = folder.ReadFile("embedded/.hidden")
	fmt.Println(err)
	_, err = folder.ReadFile("embedded/deep")
	fmt.Println(err)
	entries, err := folder.ReadDir("embedded/deep")
	fmt.Println(entries, err)
	f, err := all.Open("embedded/deep/bytes.bin")
	if err != nil {
		panic(err)
	}
	rest, err := io.ReadAll(f)
	fmt.Printf("%q %v\n", rest, err)
	matches, err := fs.Glob(all, "embedded/*/*")
	fmt.Println(matches, err)
	page := template.Must(template.ParseFS(some, "embedded/deep/er/*.tmpl"))
	page.Execute(os.Stdout, "Somebody")
	sub, err := fs.Sub(all, "embedded/deep")
	fmt.Println(err)
	list("sub", sub)
}
