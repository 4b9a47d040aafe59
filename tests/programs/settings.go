// Settings that a program changes while it runs.
package main

import (
	"fmt"
	"net/url"
	"os"
)

func many(n int) error {
	query := "a=1"
	for range n - 1 {
		query += "&a=1"
	}
	_, err := url.ParseQuery(query)
	return err
}

func main() {
	fmt.Println(many(10) == nil, many(10001) == nil)
	os.Setenv("GODEBUG", "urlmaxqueryparams=9")
	fmt.Println(many(9) == nil, many(10) == nil)
	os.Setenv("GODEBUG", "urlmaxqueryparams=0")
	fmt.Println(many(10001) == nil)
	os.Unsetenv("GODEBUG")
	fmt.Println(many(10) == nil, many(10001) == nil)
}
