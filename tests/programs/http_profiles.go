// The profiles that a server shows.
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof"
	"strings"
)

func main() {
	server := httptest.NewServer(nil)
	defer server.Close()
	for _, page := range []string{"", "cmdline", "heap?debug=1", "goroutine?debug=2", "allocs", "block", "mutex", "threadcreate", "profile?seconds=1", "symbol"} {
		r, err := http.Get(server.URL + "/debug/pprof/" + page)
		if err != nil {
			fmt.Println(page, err)
			continue
		}
		body, err := io.ReadAll(r.Body)
		fmt.Println(page, r.Status, len(body) > 0, err)
		if page == "goroutine?debug=2" {
			fmt.Println(strings.Contains(string(body), "main.main()"))
		}
	}
}
